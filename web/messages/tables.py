"""Words for what an uploaded table is refused for, and for the findings in its headers, columns and cells."""

_FILE: dict[str, tuple[str, str]] = {
    "table_empty": (
        "文件是空的。请选择含有表头和数据的 CSV 或 XLSX 文件。",
        "The file is empty. Send a CSV or XLSX file with headers and rows.",
    ),
    "table_no_rows": (
        "表里只有表头（{headers}），没有数据行。请核对所选的文件或工作表。",
        "The table has headers ({headers}) and no rows. Check that this is the right file and sheet.",
    ),
    "table_file_too_large": (
        "文件超过 {most_mib} MiB 的上限，未读取。请拆分后分批导入。",
        "The file is larger than {most_mib} MiB and was not read. Split it and import the parts.",
    ),
    "table_kind_unknown": (
        "不接受“.{ending}”文件。请另存为 XLSX，或 CSV（UTF-8）。",
        "Files ending in “.{ending}” are not taken. Save it as XLSX, or as CSV (UTF-8).",
    ),
    "table_content_differs": (
        "文件“{name}”的内容与其扩展名不符。请用表格软件打开后另存为 XLSX 或 CSV，不要只改文件名。",
        "The content of “{name}” is not what its name says. Open it in a spreadsheet program and save it as XLSX or "
        "CSV; renaming does not convert it.",
    ),
    "table_old_workbook": (
        "这是旧格式（.xls）工作簿。请用表格软件打开后另存为 XLSX。",
        "This is a workbook of the old kind (.xls). Open it and save it as XLSX.",
    ),
    "table_encrypted": (
        "文件带有密码，无法读取。请去掉密码后另存再上传。",
        "The file is protected by a password. Save it without one and send it again.",
    ),
    "table_not_text": (
        "文件不是文本，不能按 CSV 读取。请另存为 CSV（UTF-8）或 XLSX。",
        "The file is not text, so it is no CSV. Save it as CSV (UTF-8) or XLSX.",
    ),
    "table_encoding_unknown": (
        "无法识别文件的文字编码。请另存为“CSV UTF-8”再上传。",
        "The encoding of the text is not known. Save the file as “CSV UTF-8” and send it again.",
    ),
    "table_csv_broken": (
        "第 {row} 行的引号不成对，或引号后还有文字，无法继续读取。请改正这一行。",
        "In row {row} a quotation mark is not closed, or text follows one. Correct this row.",
    ),
    "table_line_too_long": (
        "第 {row} 行超过 {most} 个字符，不像是表格。请核对文件。",
        "Row {row} is longer than {most} characters, which no table is. Check the file.",
    ),
    "table_cell_too_long": (
        "第 {row} 行有单元格超过 {most} 个字符。请缩短。",
        "A cell in row {row} is longer than {most} characters. Shorten it.",
    ),
    "table_too_many_rows": (
        "数据超过 {most} 行的上限，未导入。请拆分后分批导入。",
        "There are more than {most} rows, so none was imported. Split the file and import the parts.",
    ),
    "table_too_many_columns": (
        "第 {row} 行超过 {most} 列的上限。请删去不需要的列。",
        "Row {row} has more than {most} columns. Remove those that are not needed.",
    ),
    "table_headers_unclear": (
        "第 {row} 行的表头不明确，见下列各项。请改正表头后再上传。",
        "The headers in row {row} are unclear, as listed. Correct them and send the file again.",
    ),
    "table_columns_wrong": (
        "列与字段对不上，见下列各项。文件的表头有：{headers}。",
        "Columns and fields do not fit, as listed. The file's headers are: {headers}.",
    ),
}

_WORKBOOK: dict[str, tuple[str, str]] = {
    "table_workbook_broken": (
        "工作簿已损坏或格式不完整，无法读取。请用表格软件打开后另存为 XLSX 再上传。",
        "The workbook is damaged or not complete. Open it in a spreadsheet program, save it as XLSX, and send that.",
    ),
    "table_not_workbook": (
        "这个压缩包不是 XLSX 工作簿。请上传表格文件本身，不要打包。",
        "This archive is no XLSX workbook. Send the workbook itself, not packed.",
    ),
    "table_zip_bomb": (
        "文件解压后过大（上限 {most_mib} MiB，压缩比上限 {ratio} 倍），为安全起见未读取。请只保留需要的工作表再上传。",
        "Unpacked, the file is too large (at most {most_mib} MiB, {ratio} times its packed size), so it was not read. "
        "Keep only the sheet that is needed.",
    ),
    "table_zip_nested": (
        "文件里嵌有别的压缩包或文档（{entry}），未读取。请删去嵌入的对象再上传。",
        "Another archive or document is embedded in the file ({entry}), so it was not read. Remove it.",
    ),
    "table_zip_too_many_entries": (
        "文件内部超过 {most} 个部件，不是正常的工作簿，未读取。",
        "The file has more than {most} parts inside, which no usual workbook has, so it was not read.",
    ),
    "table_has_macros": (
        "工作簿含有宏，不接受。请另存为不含宏的 XLSX。",
        "The workbook has macros and is not taken. Save it as XLSX without macros.",
    ),
    "table_too_heavy": (
        "读取此文件所需的内存或时间超过上限，未导入。请拆分，或另存为 CSV 再上传。",
        "Reading this file takes more memory or time than allowed. Split it, or save it as CSV.",
    ),
    "table_too_many_cells": (
        "工作表范围超过 {most} 个单元格。请删去远处的空行空列（或零散内容）再上传。",
        "The sheet reaches over more than {most} cells. Remove what stands far away from the table.",
    ),
    "table_no_sheet": (
        "工作簿里没有可见的工作表。请取消隐藏要导入的工作表。",
        "No sheet of the workbook can be seen. Unhide the one to be imported.",
    ),
    "table_sheet_unknown": (
        "没有名为“{sheet}”的工作表。可选：{sheets}。",
        "There is no sheet “{sheet}”. There are: {sheets}.",
    ),
}

_COLUMNS: dict[str, tuple[str, str]] = {
    "header_blank": (
        "{column} 列没有表头。请填写表头，或删去这一列。",
        "Column {column} has no header. Write one, or remove the column.",
    ),
    "header_duplicate": (
        "表头“{header}”在 {columns} 列重复。请改名或删去多余的列。",
        "The header “{header}” stands in columns {columns}. Rename one, or remove it.",
    ),
    "header_formula": (
        "{column} 列的表头“{value}”像公式。请改为文字。",
        "The header of column {column}, “{value}”, looks like a formula. Write it as text.",
    ),
    "header_too_long": (
        "{column} 列的表头过长（{value}）。表头应是一个词或短语。",
        "The header of column {column} is too long ({value}). A header is a word or a phrase.",
    ),
    "column_missing": (
        "必填字段“{field}”没有对应的列。请选择一列，或在文件中补上。",
        "The field “{field_en}” is required and has no column. Choose one, or add it to the file.",
    ),
    "column_header_unknown": (
        "文件里没有“{header}”这一列。请重新选择。",
        "The file has no column “{header}”. Choose again.",
    ),
    "column_field_unknown": (
        "没有“{field}”这个字段。字段有：{fields}。",
        "There is no field “{field}”. The fields are: {fields_en}.",
    ),
    "column_mapped_twice": (
        "列“{header}”被用于两个字段。每一列只能对应一个字段。",
        "The column “{header}” is used for two fields. A column holds one.",
    ),
    "row_too_long": (
        "第 {row} 行比表头（{columns} 列）多出内容“{value}”。请核对分隔符，或给多出的列加上表头。",
        "Row {row} goes on after the {columns} headers with “{value}”. Check the separators, or add a header.",
    ),
}

_CELLS: dict[str, tuple[str, str]] = {
    "cell_required": (
        "第 {row} 行“{column}”必填，现为空。",
        "Row {row}, {column}: this is required and blank.",
    ),
    "cell_formula": (
        "第 {row} 行“{column}”是公式，或以 = + - @ 等符号开头（{value}）。请粘贴为数值，或改写为文字。",
        "Row {row}, {column}: “{value}” is a formula or begins like one. Paste it as a value, or put it in words.",
    ),
    "cell_error_value": (
        "第 {row} 行“{column}”是错误值（如 #DIV/0!）。请改正后再导入。",
        "Row {row}, {column}: the cell holds an error such as #DIV/0!. Correct it.",
    ),
    "cell_full_width": (
        "第 {row} 行“{column}”含有全角或其他非半角数字（{value}）。请改用半角数字 0-9。",
        "Row {row}, {column}: “{value}” has digits that are not plain. Use 0 to 9, half-width.",
    ),
    "cell_not_whole": (
        "第 {row} 行“{column}”应为整数，现为“{value}”。请只写数字，不写小数、千位符号或单位。",
        "Row {row}, {column}: “{value}” is no whole number. Write digits only: no decimals, separators or units.",
    ),
    "cell_out_of_range": (
        "第 {row} 行“{column}”的值 {value} 不在 {least} 至 {most} 之间。",
        "Row {row}, {column}: {value} is not between {least} and {most}.",
    ),
    "cell_digits_lost": (
        "第 {row} 行“{column}”的数字过长（{value}），表格软件只保留 15 位，"
        "末几位已丢失。请把该列设为“文本”后重新填写。",
        "Row {row}, {column}: {value} has more digits than a spreadsheet keeps, so its last ones are lost. Format the "
        "column as text and enter the value again.",
    ),
    "cell_not_amount": (
        "第 {row} 行“{column}”不是金额：“{value}”。请写元，最多两位小数，如 1234.50，不写符号和单位。",
        "Row {row}, {column}: “{value}” is no amount. Write yuan with at most two decimals, such as 1234.50.",
    ),
    "cell_below_one_fen": (
        "第 {row} 行“{column}”的金额 {value} 超过两位小数。请先定好到分的金额，系统不代为舍入。",
        "Row {row}, {column}: {value} has more than two decimals. Settle it to the fen; nothing is rounded for you.",
    ),
    "cell_not_day": (
        "第 {row} 行“{column}”不是日期：“{value}”。请按年-月-日写，如 2026-01-05。",
        "Row {row}, {column}: “{value}” is no date. Write year, month, day: 2026-01-05.",
    ),
    "cell_day_does_not_exist": (
        "第 {row} 行“{column}”的日期不存在：“{value}”。",
        "Row {row}, {column}: the date “{value}” does not exist.",
    ),
    "cell_day_out_of_range": (
        "第 {row} 行“{column}”的日期“{value}”不在 {first} 至 {last} 之间。",
        "Row {row}, {column}: “{value}” is not between {first} and {last}.",
    ),
    "cell_not_instant": (
        "第 {row} 行“{column}”不是时间：“{value}”。请写成 2026-01-05 08:30。",
        "Row {row}, {column}: “{value}” is no time. Write it as 2026-01-05 08:30.",
    ),
    "cell_time_missing": (
        "第 {row} 行“{column}”只有日期（{value}），缺少时刻。请补上，如 2026-01-05 08:30。",
        "Row {row}, {column}: “{value}” has no time of day. Add it: 2026-01-05 08:30.",
    ),
    "cell_time_does_not_exist": (
        "第 {row} 行“{column}”的时刻或时区不存在：“{value}”。",
        "Row {row}, {column}: the time or zone in “{value}” does not exist.",
    ),
    "cell_time_unclear": (
        "第 {row} 行“{column}”的时间“{value}”在 {zone} 因夏令时出现两次或不存在。请写明时区，如 +08:00。",
        "Row {row}, {column}: “{value}” happened twice or never in {zone}, by summer time. Write the zone with it.",
    ),
    "cell_choice_unknown": (
        "第 {row} 行“{column}”的值“{value}”不在可选范围：{allowed}。",
        "Row {row}, {column}: “{value}” is none of: {allowed}.",
    ),
    "cell_text_is_date": (
        "第 {row} 行“{column}”被表格软件变成了日期（{value}）。请把该列设为“文本”后重新填写。",
        "Row {row}, {column}: the spreadsheet program made a date of it ({value}). Format the column as text.",
    ),
    "cell_text_is_truth": (
        "第 {row} 行“{column}”是逻辑值（{value}），应为文字。",
        "Row {row}, {column}: the cell holds a truth value ({value}), not text.",
    ),
    "cell_control_character": (
        "第 {row} 行“{column}”含有看不见的控制字符（{value}）。请重新键入这一格。",
        "Row {row}, {column}: there are invisible characters in “{value}”. Type the cell again.",
    ),
    "cell_too_long": (
        "第 {row} 行“{column}”超过 {most} 个字（{value}）。请缩短。",
        "Row {row}, {column}: “{value}” is longer than {most} characters. Shorten it.",
    ),
    "cell_form_wrong": (
        "第 {row} 行“{column}”的格式不对：“{value}”。请对照填写说明改正。",
        "Row {row}, {column}: “{value}” does not have the form of this field. Correct it.",
    ),
}

MESSAGES: dict[str, tuple[str, str]] = {**_FILE, **_WORKBOOK, **_COLUMNS, **_CELLS}
