"use strict";
// Draws the charts, keeps the figures up to date, and prepares still pictures for paper. Without it every figure,
// table and link of the page is there all the same.
(() => {
  const POLL_MILLISECONDS = 15000;
  const banner = document.getElementById("banner");
  const views = new Map();
  let etag = "";
  let busy = false;

  const figures = () => document.getElementById("figures");
  const specOf = (root, name) => root.querySelector(`#spec-${name}`).textContent;

  async function draw(place, text) {
    const options = {
      ast: true, // expressions are interpreted: the page's policy forbids eval
      actions: false,
      renderer: "svg",
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true, theme: "own" },
    };
    const drawn = await window.vegaEmbed(place, JSON.parse(text), options);
    views.set(place, drawn);
    place.classList.add("is-drawn");
  }

  function drawAll(root) {
    if (!window.vegaEmbed) return;
    for (const place of root.querySelectorAll("[data-chart]:not(.is-drawn)")) {
      draw(place, specOf(root, place.dataset.chart)).catch((error) => console.error("chart not drawn", error));
    }
  }

  // Paper gets pictures drawn for its width; they are fetched when the browser has nothing better to do.
  function addStills(root) {
    for (const place of root.querySelectorAll("[data-still]")) {
      const picture = new Image();
      picture.className = "still for-paper";
      picture.alt = "";
      picture.fetchPriority = "low";
      picture.addEventListener("load", () => place.parentElement.classList.add("has-still"));
      picture.src = place.dataset.still;
      place.after(picture);
    }
  }

  const whenIdle = window.requestIdleCallback || ((run) => setTimeout(run, 1500));

  function say(text, action) {
    banner.replaceChildren(document.createTextNode(text));
    if (action) {
      const link = document.createElement("a");
      link.href = `/dashboard/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
      link.textContent = action;
      banner.append(" ", link);
    }
    banner.hidden = text === "";
  }

  // New figures take the place of the old; charts that did not change, opened tables and the focus stay as they are.
  function swap(fresh) {
    const old = figures();
    const values = new Map([...old.querySelectorAll("[data-figure]")].map((one) => [one.dataset.figure, one.textContent]));
    for (const details of old.querySelectorAll("details[open]")) {
      const same = details.id && fresh.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = true;
    }
    for (const place of old.querySelectorAll("[data-chart]")) {
      const name = place.dataset.chart;
      const next = fresh.querySelector(`[data-chart="${name}"]`);
      if (next && specOf(old, name) === specOf(fresh, name)) {
        next.replaceWith(place);
      } else if (views.has(place)) {
        views.get(place).finalize();
        views.delete(place);
      }
    }
    const focused = document.activeElement;
    const href = focused && old.contains(focused) ? focused.getAttribute("href") : null;
    old.replaceWith(fresh);
    if (href) fresh.querySelector(`[href="${CSS.escape(href)}"]`)?.focus({ preventScroll: true });
    const moved = [...fresh.querySelectorAll("[data-figure]")].filter((one) => values.get(one.dataset.figure) !== one.textContent);
    for (const one of moved) one.classList.add("has-moved");
    const announcer = document.getElementById("announcer");
    announcer.textContent = moved.length ? announcer.dataset.updated : "";
    drawAll(fresh);
    whenIdle(() => addStills(fresh));
  }

  async function reload() {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("figures");
    if (fresh && fresh.dataset.version) swap(document.adoptNode(fresh));
  }

  async function poll() {
    const place = figures();
    if (busy || document.hidden || !place.dataset.freshness) return;
    busy = true;
    try {
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(place.dataset.freshness, { headers, cache: "no-store", redirect: "error" });
      if (answer.status === 401) {
        say(banner.dataset.signedOut, banner.dataset.signIn);
      } else if (answer.status === 200) {
        etag = answer.headers.get("ETag") || "";
        if ((await answer.json()).version !== place.dataset.version) await reload();
        say("");
      } else if (answer.status === 304) {
        say("");
      }
    } catch {
      say(banner.dataset.stale);
    } finally {
      busy = false;
    }
  }

  drawAll(document);
  whenIdle(() => addStills(document));
  if (banner) {
    setInterval(poll, POLL_MILLISECONDS);
    document.addEventListener("visibilitychange", poll);
  }
})();
