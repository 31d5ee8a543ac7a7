"""What is wrong with a row or a file, by code, in English and Thai. No text quotes the file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """How to mend it, in both languages."""

    en: str
    th: str


ROW_MESSAGES: dict[str, Message] = {
    "missing_value": Message("This column needs a value", "ต้องระบุค่าในคอลัมน์นี้"),
    "invalid_number": Message("Write a number, such as 1234 or 1,234.50", "ต้องเป็นตัวเลข เช่น 1234 หรือ 1,234.50"),
    "too_many_decimals": Message("The number has too many decimal places", "ทศนิยมเกินจำนวนตำแหน่งที่กำหนด"),
    "negative_amount": Message("The amount must not be negative", "จำนวนต้องไม่ติดลบ"),
    "out_of_range": Message("The number is outside the range this column takes", "ตัวเลขอยู่นอกช่วงที่กำหนด"),
    "invalid_date": Message(
        "Write a date such as 2022-09-30 or 30/09/2565; the year needs four digits",
        "ต้องเป็นวันที่ เช่น 30/09/2565 หรือ 2022-09-30 และปีต้องมีสี่หลัก",
    ),
    "invalid_month": Message("Write a month such as 2022-11 or 2565-11", "ต้องเป็นเดือน เช่น 2565-11 หรือ 2022-11"),
    "date_after_as_of": Message("The date is later than the day the file stands for", "วันที่อยู่หลังวันที่ของข้อมูลในไฟล์"),
    "invalid_code": Message("The code is not one of the list of this column", "รหัสไม่อยู่ในรายการของคอลัมน์นี้"),
    "invalid_national_id": Message(
        "A national id has 13 digits and a right check digit", "เลขประจำตัวประชาชนต้องมี 13 หลักและเลขตรวจสอบถูกต้อง"
    ),
    "invalid_text": Message("The text holds characters that cannot be stored", "ข้อความมีอักขระที่จัดเก็บไม่ได้"),
    "too_long": Message("The text is longer than this column takes", "ข้อความยาวเกินกำหนด"),
    "out_of_order": Message("The dates of this row do not follow each other", "ลำดับวันที่ในแถวนี้ไม่ถูกต้อง"),
    "not_allowed": Message(
        "This column stays empty with what the other columns say", "คอลัมน์นี้ต้องเว้นว่างตามข้อมูลในคอลัมน์อื่นของแถว"
    ),
    "mismatch": Message("The value does not agree with the other columns", "ข้อมูลไม่สอดคล้องกับคอลัมน์อื่นของแถว"),
    "duplicate": Message("The value stands twice", "ข้อมูลซ้ำกัน"),
    "not_a_harvest_month": Message(
        "The first instalment falls due in a harvest month", "งวดแรกต้องครบกำหนดในเดือนเก็บเกี่ยว"
    ),
    "wrong_column_count": Message(
        "The row has more cells than the file has headings; is a comma inside a text not quoted?",
        "แถวมีจำนวนช่องมากกว่าหัวคอลัมน์ อาจมีเครื่องหมายจุลภาคในข้อความที่ไม่ได้ใส่เครื่องหมายคำพูด",
    ),
    "duplicate_in_file": Message("An earlier row of this file has the same key", "มีแถวก่อนหน้าในไฟล์ที่มีรหัสเดียวกัน"),
    "unknown_cooperative": Message("No co-operative has this code", "ไม่พบสหกรณ์หรือกลุ่มเกษตรกรตามรหัสนี้"),
    "unknown_member": Message(
        "No member with this number came within the time allowed", "ไม่พบสมาชิกตามเลขทะเบียนนี้ภายในเวลาที่กำหนด"
    ),
    "unknown_household": Message(
        "No household with this number came within the time allowed", "ไม่พบครัวเรือนตามเลขทะเบียนนี้ภายในเวลาที่กำหนด"
    ),
    "unknown_loan": Message(
        "No loan with this number came within the time allowed", "ไม่พบสัญญาเงินกู้ตามเลขที่นี้ภายในเวลาที่กำหนด"
    ),
    "unknown_reference": Message(
        "What this row refers to did not come within the time allowed", "ไม่พบข้อมูลที่แถวนี้อ้างถึงภายในเวลาที่กำหนด"
    ),
    "out_of_reach": Message("The sender may not send data of this co-operative", "ผู้ส่งไม่มีสิทธิ์ส่งข้อมูลของสหกรณ์นี้"),
    "before_opening": Message("The date lies before the loan's opening position", "วันที่อยู่ก่อนวันที่ยกยอดของสัญญา"),
    "month_closed": Message("This month of the household account is closed", "เดือนนี้ของบัญชีครัวเรือนปิดแล้ว"),
    "delivery_number_taken": Message(
        "The co-operative has another delivery of this number", "สหกรณ์มีรายการส่งผลผลิตเลขที่นี้อยู่แล้ว"
    ),
    "principal_too_large": Message(
        "A loan's principal is 50,000,000.00 baht at most", "ต้นเงินกู้ต่อสัญญาต้องไม่เกิน 50,000,000.00 บาท"
    ),
    "receipt_number_taken": Message(
        "The co-operative has another payment of this receipt number; if that one is wrong, reverse it first",
        "สหกรณ์มีรายการชำระอื่นตามเลขที่ใบเสร็จนี้อยู่แล้ว หากรายการนั้นผิดให้ยกเลิกก่อน",
    ),
    "principal_mismatch": Message("The opening amounts do not agree with the principal", "ยอดยกมาไม่สอดคล้องกับต้นเงินกู้"),
}

FILE_MESSAGES: dict[str, Message] = {
    "empty_file": Message("The file holds no rows", "ไฟล์ไม่มีข้อมูล"),
    "wrong_encoding": Message(
        "The file is not UTF-8; in Excel save it as “CSV UTF-8 (Comma delimited)”",
        "ไฟล์ไม่ใช่ UTF-8 ใน Excel ให้บันทึกเป็น “CSV UTF-8 (Comma delimited)”",
    ),
    "wrong_delimiter": Message(
        "The cells are not separated by commas; save the file with comma as its separator",
        "ข้อมูลไม่ได้คั่นด้วยจุลภาค ให้บันทึกไฟล์โดยใช้จุลภาคเป็นตัวคั่น",
    ),
    "unreadable_csv": Message(
        "The file is not well-formed CSV; look for a quotation mark that is not closed",
        "โครงสร้าง CSV ไม่ถูกต้อง ให้ตรวจเครื่องหมายคำพูดที่ไม่ได้ปิด",
    ),
    "unreadable_ndjson": Message(
        "A line is not a JSON object whose values are text, numbers or null, or it is too long",
        "มีบรรทัดที่ไม่ใช่ออบเจ็กต์ JSON ซึ่งมีค่าเป็นข้อความ ตัวเลข หรือ null หรือบรรทัดยาวเกินกำหนด",
    ),
    "unknown_field": Message(
        "A line holds a field this kind of file does not have; compare it with the list of columns",
        "มีบรรทัดที่มีฟิลด์ที่ไม่รู้จัก ให้เทียบกับรายการคอลัมน์",
    ),
    "duplicate_field": Message("A line holds a field twice", "มีบรรทัดที่มีฟิลด์ซ้ำ"),
    "unreadable_xlsx": Message("The file is not an Excel workbook (.xlsx)", "ไฟล์ไม่ใช่สมุดงาน Excel (.xlsx)"),
    "xlsx_too_large": Message(
        "The workbook is too large when unpacked; send it as CSV", "สมุดงานมีขนาดใหญ่เกินไปเมื่อคลายไฟล์ ให้ส่งเป็น CSV"
    ),
    "unknown_column": Message(
        "Row 1 holds a heading this kind of file does not have; compare it with the list of columns",
        "แถวที่ 1 มีหัวคอลัมน์ที่ไม่รู้จัก ให้เทียบกับรายการคอลัมน์",
    ),
    "missing_column": Message("Row 1 lacks a heading that is needed", "แถวที่ 1 ขาดหัวคอลัมน์ที่จำเป็น"),
    "duplicate_column": Message("Row 1 holds a heading twice", "แถวที่ 1 มีหัวคอลัมน์ซ้ำ"),
    "too_many_rows": Message("The file has too many rows; split it", "ไฟล์มีจำนวนแถวเกินกำหนด ให้แบ่งไฟล์"),
    "cancelled": Message("The delivery was cancelled", "การนำเข้าถูกยกเลิก"),
    "internal": Message(
        "Something went wrong on our side; send the file again, and report it if it happens again",
        "เกิดข้อผิดพลาดในระบบ โปรดส่งไฟล์อีกครั้ง และแจ้งผู้ดูแลหากยังเกิดซ้ำ",
    ),
}

_UNNAMED = Message("The row cannot be taken", "ไม่สามารถรับข้อมูลแถวนี้ได้")

# What a waiting row waits for, by the part of its name before the colon.
UNKNOWN_BY_WAIT = {
    "cooperative": "unknown_cooperative",
    "member": "unknown_member",
    "household": "unknown_household",
    "loan": "unknown_loan",
}


def row_message(code: str) -> Message:
    """The message of a reject code; a general one for a code that is not in the table."""
    return ROW_MESSAGES.get(code, _UNNAMED)


class FileRefused(Exception):
    """The whole file cannot be taken. `place` says where (a row or column number), never what stands there."""

    def __init__(self, code: str, place_en: str = "", place_th: str = "") -> None:
        super().__init__(code)
        message = FILE_MESSAGES[code]
        self.code = code
        self.message_en = f"{message.en} ({place_en})" if place_en else message.en
        self.message_th = f"{message.th} ({place_th})" if place_th else message.th
