#!/bin/sh
# Run once, by PostgreSQL's image, when the data folder is new: a role and a database for the identity provider.
# Plodnee's own come from `plodnee init`.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set password="$KEYCLOAK_DATABASE_PASSWORD" <<'SQL'
create role keycloak login nosuperuser nocreatedb nocreaterole password :'password';
create database keycloak owner keycloak;
revoke all on database keycloak from public;
SQL
