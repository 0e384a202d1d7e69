"""Words for what sealing and opening bids refuse: code -> (中文, English), what is wrong and what to do."""

from __future__ import annotations

_FILES: dict[str, tuple[str, str]] = {
    "json_not_canonical": (
        "文件内容不是规范格式（键排序、无空格、UTF-8、无数字）。请重新下载原文件，勿用编辑器改动。",
        "The file is not in its one spelling (sorted keys, no spaces, UTF-8, no numbers). Download it again, unedited.",
    ),
    "json_number": (
        '{where} 处是数字。为避免两端读法不同，请把每个数写成带引号的文本，例如 "2311110.40"。',
        'There is a number at {where}. Write every number as text in quotes, like "2311110.40".',
    ),
    "json_not_text": (
        "{where} 处不是可用的文本或取值。请只用文本、真假、列表和分组。",
        "What stands at {where} is not text that can be used. Use text, true or false, lists and groups only.",
    ),
    "json_too_deep": (
        "内容嵌套超过 {most} 层，请减少层次。",
        "The content is nested more than {most} levels deep. Use fewer levels.",
    ),
    "sealing_field_missing": (
        "缺少“{field}”。请用原文件重试。",
        "“{field}” is missing. Try again with the original file.",
    ),
    "sealing_field_unknown": (
        "“{field}”不是本格式的内容。请用原文件重试；不认识的内容不会被忽略。",
        "“{field}” does not belong to this format. Try again with the original file; the unknown is never ignored.",
    ),
    "sealing_field_wrong": (
        "“{field}”的取值不对。请用原文件重试。",
        "The value of “{field}” is wrong. Use the original file.",
    ),
}

_ENVELOPES: dict[str, tuple[str, str]] = {
    "envelope_unrecognised": (
        "这不是密封的投标文件，未加密的文件不予接收。请先用投标页面或 gongbao seal 密封。",
        "This is not a sealed bid, and unsealed files are not taken. Seal it first, on the page or with gongbao seal.",
    ),
    "envelope_cut_short": (
        "投标文件不完整，上传可能中断。请重新上传同一文件。",
        "The sealed bid is cut short; the upload may have been interrupted. Upload the same file again.",
    ),
    "envelope_goes_on": (
        "投标文件末尾有多余内容。请上传密封时生成的原文件。",
        "Something follows the end of the sealed bid. Upload the file exactly as sealing made it.",
    ),
    "envelope_header_too_long": (
        "投标文件头超过 {most} 字节，不是本系统生成的文件。请重新密封。",
        "The header is longer than {most} bytes, so this file was not made by this program. Seal the bid again.",
    ),
    "envelope_too_long": (
        "投标文件超过上限 {most} 字节。请压缩附件后重新密封。",
        "The sealed bid is longer than {most} bytes. Make the attached files smaller and seal again.",
    ),
    "envelope_not_of_this": (
        "投标文件是按另外的要求密封的（不符之处：{what}）。请下载本次招标最新的密封要求后重新密封。",
        "This bid was sealed for something else (it differs in: {what}). Download the latest terms and seal it again.",
    ),
    "suite_unknown": (
        "不认识密码套件“{suite}”。请用本平台当前版本重新密封。",
        "The suite “{suite}” is not known here. Seal again with the platform's current version.",
    ),
    "parts_wrong": (
        "投标文件的部分与招标要求不符（单信封为 bid；双信封为 technical 和 price）。",
        "The parts are not those of the tender (bid for one envelope; technical and price for two).",
    ),
    "part_unknown": ("本投标文件没有“{part}”部分。", "This bid has no part “{part}”."),
    "threshold_wrong": (
        "{count} 位保管人中需 {threshold} 位，这样的门限不可用：至少 2 位，不多于保管人总数，总数不超过 16。",
        "{threshold} of {count} custodians is not possible: at least 2, not more than there are, at most 16 in all.",
    ),
    "custodian_repeated": (
        "同一保管人公钥出现两次，请更换。",
        "One custodian's key stands twice. Replace one of them.",
    ),
    "signature_wrong": (
        "投标文件的签名无效：文件被改动，或不是用投标人密钥签署。请重新密封。",
        "The signature does not hold: the file was changed or not signed with the bidder's key. Seal the bid again.",
    ),
    "signer_unknown": (
        "签署本文件的密钥不是贵单位登记的投标密钥。请用登记的密钥重新密封，或先登记新密钥。",
        "The key that signed is not your organisation's registered one. Seal with that key, or register the new one.",
    ),
    "key_used_before": (
        "“{part}”部分用了以前版本用过的密钥。请重新密封，每次都会生成新密钥。",
        "Part “{part}” uses the key of an earlier version. Seal again; each sealing makes a fresh key.",
    ),
    "not_encrypted": (
        "“{part}”部分没有加密，平台拒收。请用投标页面或 gongbao seal 密封。",
        "Part “{part}” is not encrypted and is refused. Seal it on the page or with gongbao seal.",
    ),
    "ciphertext_changed": (
        "“{part}”部分的密文与签署的摘要不一致，文件在传输或保存中被改动。请用原文件，或由平台从副本恢复。",
        "The ciphertext of “{part}” is not what was signed: it was changed on the way or in store. Use the original.",
    ),
    "receipt_differs": (
        "这份文件与回执上的摘要不一致，不是当时递交的投标文件。",
        "This file is not the one that the receipt was given for: its header's hash differs.",
    ),
}

_CONTENT: dict[str, tuple[str, str]] = {
    "fields_wrong": (
        "投标表单应是一组字段，请检查 fields 文件。",
        "The form must be a group of fields. Check the file.",
    ),
    "fields_too_long": (
        "投标表单超过 {most} 字节，请改用附件。",
        "The form is longer than {most} bytes. Attach a file instead.",
    ),
    "content_too_long": (
        "“一个部分”的内容超过 {most} 字节，请减小附件。",
        "One part holds more than {most} bytes. Make the attached files smaller.",
    ),
    "too_many_files": ("附件超过 {most} 个，请合并。", "There are more than {most} files. Combine some of them."),
    "file_name_refused": (
        '附件名“{name}”不可用：不能为空，不含路径、控制字符或 \\ / : * ? " < > |，首尾无点或空格，最长 200 字节。',
        'The file name “{name}” cannot be used: no folders, control characters or \\ / : * ? " < > |,'
        " no dot or space at either end, at most 200 bytes.",
    ),
    "file_repeated": ("附件名“{name}”重复，请改名。", "There are two files named “{name}”. Rename one."),
    "file_kind_wrong": (
        "附件“{name}”的类型写法不对。",
        "The kind of the file “{name}” is not written as it should be.",
    ),
    "file_changed": (
        "附件“{name}”在密封过程中被改动。请关闭正在编辑它的程序后重试。",
        "The file “{name}” changed while it was being sealed. Close the program that edits it and try again.",
    ),
    "content_wrong": (
        "解密成功，但内容不合格式（{why}）：密封它的程序有误。",
        "The content opened but is malformed ({why}): the program that sealed it was at fault.",
    ),
    "content_unreadable": (
        "“{part}”部分第 {chunk} 段无法解密，而密文与签署的摘要一致：密封有误，责任在投标人。",
        "Chunk {chunk} of “{part}” cannot be decrypted although its hash is as signed: its bidder sealed it badly.",
    ),
}

_KEYS: dict[str, tuple[str, str]] = {
    "bidder_key_missing": (
        "打开“{part}”部分需要投标人的钥匙（K1）。请投标人用恢复文件提供。",
        "Part “{part}” needs the bidder's own key (K1). The bidder gives it from the recovery file.",
    ),
    "bidder_key_wrong": (
        "投标人的钥匙与“{part}”部分签署时的承诺不符。请选用这一版投标的恢复文件。",
        "The bidder's key is not the one committed to for “{part}”. Use the recovery file of this very version.",
    ),
    "custodian_key_wrong": (
        "保管人的钥匙与“{part}”部分签署时的承诺不符：密封有误，或选错了文件。",
        "The custodians' key is not the one committed to for “{part}”: badly sealed, or the wrong file.",
    ),
    "custodian_unknown": (
        "这把私钥不属于本次招标的任何保管人。请选用为本次招标生成的密钥文件。",
        "This key is no custodian's of this tender. Use the key file that was made for it.",
    ),
    "not_a_rehearsal": (
        "这不是演练用的假投标，而是一份真实投标。演练时绝不打开真实投标的份额；请向监督人员报告。",
        "This is a real bid, not a rehearsal's dummy. Its share is never opened in a rehearsal; tell the supervisor.",
    ),
    "share_unreadable": (
        "第 {custodian} 位保管人的份额无法用其私钥打开：份额受损，或不是为这一份投标密封的。",
        "The share of custodian {custodian} does not open with its key: damaged, or not sealed for this bid.",
    ),
    "share_wrong": (
        "第 {custodian} 位保管人的份额与投标人签署的承诺不符：份额受损，或属于另一份投标。请该保管人重新提交。",
        "The share of custodian {custodian} is not the one committed to: damaged, or of another bid. Ask for it again.",
    ),
    "share_foreign": (
        "这个份额不属于本投标的任何保管人，已拒绝。",
        "This share belongs to no custodian of this bid and was refused.",
    ),
    "share_repeated": (
        "第 {custodian} 位保管人的份额提交了两次，请由另一位保管人提交。",
        "The share of custodian {custodian} was given twice. Another custodian's is needed.",
    ),
    "shares_too_few": (
        "现有 {have} 个份额，需要 {need} 个。请再由其他保管人提交。",
        "There are {have} shares and {need} are needed. Ask further custodians.",
    ),
    "shares_too_many": (
        "给出 {have} 个份额，只需 {need} 个，请去掉多余的。",
        "{have} shares given; {need} are needed. Leave some out.",
    ),
    "shares_differ_in_length": (
        "这些份额长短不一，不是同一秘密的份额。",
        "These shares differ in length: not of one secret.",
    ),
    "shares_do_not_fit": (
        "这些份额拼不成一把钥匙：其中有错，或来自不同的秘密。",
        "These shares do not make one key: one is wrong or foreign.",
    ),
    "secret_length_wrong": (
        "秘密长 {length} 字节；至少 16 字节，且为偶数。",
        "The secret is {length} bytes long; it must be at least 16 and an even number.",
    ),
    "public_key_wrong": (
        "公钥不是 P-256 曲线上的点，请核对后重新提供。",
        "The public key is no point of P-256. Give it again.",
    ),
    "private_key_wrong": (
        "私钥不可用，或与其公钥不符。请用原密钥文件。",
        "The private key is not usable or not that of its public key.",
    ),
    "key_file_kind_wrong": (
        "文件的用途是“{kind}”，不是这里需要的。保管人密钥、投标密钥和恢复文件不能互换。",
        "The file is a “{kind}”, not what is needed here. Custodians' keys, bidders' keys and recovery files differ.",
    ),
    "passphrase_wrong": ("口令不对，或文件被改动。", "The passphrase is wrong, or the file was changed."),
    "passphrase_too_short": (
        "口令至少 {least} 个字符，请换一个长的。",
        "A passphrase needs at least {least} characters.",
    ),
    "challenge_unreadable": (
        "这道验证题不是发给这把私钥的，或不是本次招标的。请刷新页面重取。",
        "This challenge was not made for this key or not for this tender. Load the page again for a fresh one.",
    ),
    "possession_unproven": (
        "回答不对，未能证明持有私钥。请用登记公钥对应的密钥文件重试。",
        "The answer is wrong: possession of the private key is not shown. Try with the key file of the registered key.",
    ),
}

_WORDS: dict[str, tuple[str, str]] = {
    "words_none": ("没有给出助记词。请逐张输入。", "No words were given. Enter each sheet."),
    "words_unknown": (
        "第 {place} 个词“{word}”不在词表中，请核对纸上的拼写。",
        "Word {place}, “{word}”, is not in the list. Compare it with the paper.",
    ),
    "words_count_wrong": (
        "共 {count} 个词，数目不对，请检查有无遗漏。",
        "{count} words is not a possible number. Is one missing?",
    ),
    "words_checksum_wrong": (
        "这张助记词校验不通过：有词写错或次序颠倒。",
        "This sheet does not check: a word is wrong or two changed places.",
    ),
    "words_malformed": (
        "这张助记词不合格式，或属于分组备份。",
        "This sheet is malformed or belongs to a backup in groups.",
    ),
    "words_do_not_belong_together": (
        "这些助记词不是同一把钥匙的，请按纸上的编号配套。",
        "These sheets are not of one key. Match them by what is written on the paper.",
    ),
    "words_repeated": ("同一张助记词输入了两次。", "One sheet was entered twice."),
    "words_passphrase_not_ascii": (
        "助记词的附加口令只能用英文字母、数字和半角符号。",
        "The passphrase of the words may have plain Latin letters, digits and signs only.",
    ),
}

_COMMANDS: dict[str, tuple[str, str]] = {
    "output_exists": (
        "{path} 已存在，不会覆盖。请换一个名称，或先移走旧文件。",
        "{path} exists and is never overwritten. Give another name or move the old file away.",
    ),
    "form_unreadable": (
        "{path} 不是合格的 JSON 文本（UTF-8）：第 {line} 行附近有误。",
        "{path} is not JSON text in UTF-8: it goes wrong near line {line}.",
    ),
    "form_field_repeated": (
        "表单中的“{field}”写了两次，请只留一个。",
        "“{field}” stands twice in the form. Keep one of them.",
    ),
    "form_missing": (
        "“{part}”部分没有表单。请用 --fields {part}:文件 给出。",
        "Part “{part}” has no form. Give one with --fields {part}:FILE.",
    ),
    "form_given_twice": (
        "“{part}”部分给了两个表单，请只留一个。",
        "Part “{part}” has two forms. Give one.",
    ),
    "share_file_other_part": (
        "份额文件 {path} 是“{part}”部分的，不是要打开的部分。",
        "The share file {path} is for part “{part}”, not for the one to be opened.",
    ),
    "recovery_of_another": (
        "恢复文件不是这份投标的，请选用密封这一版时生成的那一份。",
        "The recovery file is of another bid. Use the one made when this version was sealed.",
    ),
    "split_wrong": (
        "“{split}”应写成 2-of-3 的形式。",
        "“{split}” should be written like 2-of-3.",
    ),
}

MESSAGES: dict[str, tuple[str, str]] = {**_FILES, **_ENVELOPES, **_CONTENT, **_KEYS, **_WORDS, **_COMMANDS}
