"""Words for the refusals of papers, sheets and signatures."""

MESSAGES: dict[str, tuple[str, str]] = {
    "statement_not_adding_up": (
        "结算单 {number} 的各行或明细相加与净额不符，未予制作。请通知平台管理员核对账簿。",
        "The lines or movements of statement {number} do not add up to its net, so it was not made. Ask the"
        " administrator to verify the book.",
    ),
    "shares_not_whole": (
        "各方份额合计为 {found}，应恰为 {whole}。请更正份额后再制作文件。",
        "The shares add up to {found}, not to exactly {whole}. Correct them, then make the paper again.",
    ),
    "agreement_not_complete": (
        "协议 {number} 的缔约方、份额、首席（现有 {leads} 个，应为 1 个）或收付方式不完整。请补全后再制作。",
        "Agreement {number} is not complete: every party needs its share, there must be one lead (now {leads}), and "
        "known ways of collection and remittance. Complete it, then make the paper again.",
    ),
    "glyph_missing": (
        "已安装的字体中没有这些字：{characters}（{code_points}）。请安装含有这些字的字体"
        "（例如 fonts-noto-cjk），或更正文字。",
        "No installed font has these characters: {characters} ({code_points}). Install one that has them, for example "
        "fonts-noto-cjk, or correct the text.",
    ),
    "print_font_missing": (
        "没有可用的中文字体，不能制作 PDF。请安装软件包 {package}。",
        "There is no Chinese font, so no PDF can be made. Install the package {package}.",
    ),
    "print_engine_missing": (
        "缺少排版所需的系统库，不能制作 PDF。请安装软件包 {packages}。",
        "The libraries that lay out papers are missing, so no PDF can be made. Install the packages {packages}.",
    ),
    "document_asset_refused": (
        "文件模板引用了外部内容（{address}），已拒绝。模板只能使用随附的资源。",
        "The paper asked for something outside itself ({address}) and was refused. A template may use "
        "its own assets only.",
    ),
    "sheet_refuses": (
        "工作表第 {row} 行放不下：行数或文字长度超过 XLSX 的上限。请改用 CSV。",
        "The sheet cannot hold row {row}: there are too many rows or the text is too long for XLSX. Use the CSV.",
    ),
    "signer_unreadable": (
        "无法读取签名密钥或证书文件 {file}。请检查路径、权限、口令与 PEM 格式。",
        "The signing key or certificate {file} cannot be read. Check its path, rights, passphrase and PEM form.",
    ),
    "signer_key_unsuitable": (
        "签名密钥 {file} 不是 P-256 椭圆曲线密钥，或与证书不符。请换用与证书配对的 P-256 密钥。",
        "The signing key {file} is not an EC P-256 key or does not belong to the certificate. Use the P-256 key of "
        "that certificate.",
    ),
    "pdf_too_heavy": (
        "文件超过 {limit_mb} MB 或读取时间过长，没有检查签名。请只凭是否与保存的文件相同来判断。",
        "The file is over {limit_mb} MB or takes too long to read, so its signature was not checked. Go by whether it "
        "is the file that was kept.",
    ),
    "pdf_checks_busy": (
        "正在检查别的文件，没有检查签名。请稍后再试。",
        "Other files are being checked just now, so the signature of this one was not. Try again a little later.",
    ),
    "pdf_unreadable": (
        "这不是可读取的 PDF 文件，或文件已损坏。请重新下载后再核验。",
        "This is not a readable PDF, or it is damaged. Download it again, then check it.",
    ),
    "extract_too_long": (
        "共 {rows} 行，一张工作表最多容纳 {most} 行。请改用 CSV。",
        "It has {rows} rows, and a sheet holds {most}. Ask for CSV.",
    ),
    "extract_not_adding_up": (
        "写出的 {rows} 行与数据库统计的 {expected} 行或其合计不符，文件没有保留。请通知平台管理员核验账簿。",
        "The {rows} rows written are not the {expected} that the database counted, or do not add up to its totals, so "
        "no file was kept. Ask the administrator to verify the book.",
    ),
}
