"""Words for what the edge itself refuses: accounts, forms, requests, limits, the database's own walls."""

from __future__ import annotations

_ACCOUNTS: dict[str, tuple[str, str]] = {
    "sign_in_first": ("请先登录，再办理这一步。", "Sign in first, then do this."),
    "session_idle": (
        "闲置时间过长，已退出登录。请重新登录。",
        "You were signed out after a time without use. Sign in again.",
    ),
    "second_factor_needed": (
        "您的角色必须启用第二步验证。请先在“账号”页设置。",
        "Your role needs a second step of signing in. Set it up on your account page first.",
    ),
    "second_factor_not_set": (
        "这个账号没有设置第二步验证，不必解除。",
        "This account has no second step of signing in, so there is nothing to take away.",
    ),
    "proof_needed": (
        "付款、开标、签署和管理账号前，须在最近 {minutes} 分钟内输过密码。请重新登录，或改用接口令牌。",
        "Paying, opening, signing and managing accounts take a password given in the last {minutes} minutes. Sign in "
        "again, or use a token.",
    ),
    "password_wrong": ("密码不正确，请核对后再试。", "The password is not right. Check it and try again."),
    "proof_wrong": (
        "密码或口令不正确，请核对后再试。每个口令只能用一次，刚用过的请等下一个。",
        "The password or the code is not right. Check them and try again. Each code works once; wait for the next one.",
    ),
    "token_not_valid": (
        "令牌无效、已过期或已撤销。请在“账号”页新建一个。",
        "The token is unknown, expired or revoked. Make a new one on your account page.",
    ),
    "email_wrong": ("“{email}”不是有效的电子邮箱地址。", "“{email}” is not an e-mail address."),
    "email_taken": ("这个邮箱已有账号。", "There is an account with this address already."),
    "account_exists": ("这个人已有账号。", "This person has an account already."),
    "account_not_found": ("没有这个账号。", "There is no such account."),
    "password_too_short": (
        "密码至少 {least} 个字符。几个词连起来最好记。",
        "A password has at least {least} characters. A few words in a row are easiest to remember.",
    ),
    "mandate_not_found": ("没有这项授权，或者它不属于您。", "There is no such mandate, or it is not yours."),
    "token_name_wrong": ("请给令牌起一个名字，1 至 60 个字符。", "Give the token a name of 1 to 60 characters."),
    "token_days_wrong": ("有效期应为 1 至 {most} 天。", "A token holds for 1 to {most} days."),
    "token_not_found": ("没有这个令牌。", "There is no such token."),
    "account_ones_own": (
        "这是您自己的账号。请另一位管理员办理；更改密码和第二步验证在“账号”页。",
        "This is your own account. Ask another administrator; your password and second step are on your account page.",
    ),
    "organisation_not_chosen": ("请选择单位。", "Choose an organisation."),
    "role_not_chosen": ("请选择身份。", "Choose a role."),
    "name_missing": ("请填写 1 至 {most} 个字。", "Write 1 to {most} characters."),
    "day_not_chosen": ("请选择是否上班和状态。", "Choose whether the day is worked, and its status."),
    "job_not_failed": (
        "这个任务没有失败，不需要重新排队。",
        "This job has not failed; there is nothing to queue again.",
    ),
    "job_not_found": ("没有这个任务，它可能已被清理。", "There is no such job; it may have been cleared away."),
    "person_not_found": ("没有这个人。", "There is no such person."),
    "role_unknown": ("没有“{role}”这个角色。可用的角色：{roles}。", "There is no role “{role}”. Roles: {roles}."),
}

_REQUESTS: dict[str, tuple[str, str]] = {
    "too_many_requests": (
        "请求过于频繁。请在 {retry_s} 秒后再试。",
        "Too many requests. Try again in {retry_s} seconds.",
    ),
    "form_expired": (
        "页面停留太久或已在别处退出。请返回、刷新页面后再提交，没有任何内容被保存。",
        "The page was open too long, or you signed out elsewhere. Reload it and send again; nothing was kept.",
    ),
    "input_wrong": ("有内容需要更正，已逐一列出。", "Some fields need correcting; each is listed."),
    "input_missing": ("缺少这一项，请填写。", "This is missing. Give it."),
    "input_unknown": ("没有这一项，请删去或改正名称。", "There is no such field. Remove it or correct its name."),
    "input_not_whole": (
        "应为整数，不带小数、逗号、空格，也不用全角数字。",
        "This is a whole number: no decimals, commas, spaces or full-width digits.",
    ),
    "input_not_text": ("应为文字。", "This is a text."),
    "input_not_yes_or_no": ("应为 true 或 false。", "This is true or false."),
    "input_not_date": ("应为日期，写作 2026-11-23。", "This is a date, written 2026-11-23."),
    "input_not_instant": (
        "应为带时区的时刻，写作 2026-11-23T14:30:00+08:00。",
        "This is an instant with its offset, written 2026-11-23T14:30:00+08:00.",
    ),
    "input_not_id": ("应为编号（UUID）。", "This is an id (UUID)."),
    "input_not_list": ("应为列表。", "This is a list."),
    "input_not_object": ("应为 JSON 对象。", "This is a JSON object."),
    "input_not_json": ("内容不是合格的 JSON。", "The body is not JSON."),
    "input_too_deep": ("内容嵌套过深，无法读取。", "The body is nested too deeply to be read."),
    "input_refused": (
        "这一项不合要求。请对照接口说明改正。",
        "This is not taken. Correct it by the description of the API.",
    ),
    "text_unreadable": (
        "含有不能保存的字符（控制字符，或不是 UTF-8 的内容）。请删去后重新输入。",
        "It holds characters that cannot be kept (control characters, or bytes that are not UTF-8). Type it again.",
    ),
    "text_too_long": (
        "最多 {most} 个字，现有 {length} 个。请缩短后再提交。",
        "At most {most} characters; there are {length}. Shorten it and send again.",
    ),
    "form_cut_short": (
        "表单无法读取：内容残缺，或文件名不是 UTF-8。请返回、刷新页面后重新提交；文件请先改名。没有任何内容被保存。",
        "The form cannot be read: it is cut short, or a file's name is not UTF-8. Go back, reload and send it again, "
        "the file under another name. Nothing was kept.",
    ),
    "field_repeated": (
        "这一项只填一次，却来了不止一个。请只留一个。",
        "This is given once, but came more than once. Leave one.",
    ),
    "choice_unreadable": (
        "选择中有无法识别的编号。请回到列表重新选择。",
        "One of the choices is no id. Go back to the list and choose again.",
    ),
    "input_too_large": ("数字太大。", "This number is too large."),
    "input_not_one_of": ("应为以下之一：{choices}。", "This is one of: {choices}."),
    "input_not_this_form": (
        "写法不对。应有的写法见接口说明。",
        "This is not written as it should be; the description of the API says how.",
    ),
    "input_too_short": ("至少应有 {min} 个（字或项）。", "This has at least {min} (characters or items)."),
    "input_too_long": ("最多 {max} 个（字或项）。", "This has at most {max} (characters or items)."),
    "input_length_wrong": (
        "应有 {min} 至 {max} 个（字或项）。",
        "This has {min} to {max} (characters or items).",
    ),
    "input_too_small": ("应不小于 {min}。", "This is at least {min}."),
    "input_above_most": ("应不大于 {max}。", "This is at most {max}."),
    "input_out_of_range": ("应在 {min} 与 {max} 之间。", "This is between {min} and {max}."),
    "step_unknown": (
        "没有“{step}”这一步。请回到页面，用页面上的按钮办理。",
        "There is no step “{step}”. Use a button of the page.",
    ),
    "cursor_wrong": ("翻页标记无效，请从第一页重新开始。", "The cursor is not ours. Start again from the first page."),
    "form_sent_already": (
        "这张表单已经提交并办理过，这次内容不同，没有再办。请重新打开该页面填写。",
        "This form was sent and done before; it now holds something else, and nothing more was done. Open it anew.",
    ),
    "idempotency_key_wrong": (
        "Idempotency-Key 应为 1 至 100 个可见的 ASCII 字符。",
        "An Idempotency-Key has 1 to 100 visible ASCII characters.",
    ),
    "idempotency_key_not_taken": (
        "这里不接受 Idempotency-Key：同一份密封文件再交一次，得到的就是同一张回执。请去掉这个请求头再试。",
        "No Idempotency-Key here: the same sealed file handed in again gets the same receipt. Leave the header out.",
    ),
    "code_unknown": ("没有代码“{code}”。", "There is no code “{code}”."),
    "choose_a_file": ("请选择文件，或把内容粘贴到框里。", "Choose a file, or paste its text into the box."),
    "not_utf8": (
        "文件不是 UTF-8 编码的文字。请另存为 UTF-8 后再上传。",
        "This is not text in UTF-8. Save it as UTF-8 first.",
    ),
    "rehearsal_too_large": (
        "页面上最多推演 {events_most} 个事件、{kib_most} KiB。更大的文件请用命令 gongbao rehearse。",
        "The page plays at most {events_most} events and {kib_most} KiB. Use the command gongbao rehearse for more.",
    ),
    "rehearsals_busy": (
        "正在推演的已有 {most} 份，同时不能再多；没有开始您的这一份。请过一分钟再试。",
        "{most} files are being played already, as many as may at once; yours was not begun. Try again in a minute.",
    ),
    "rehearsal_too_long": (
        "推演超过 {seconds} 秒，在第 {number} 个事件处停下，没有结果。请减少事件，或用命令 gongbao rehearse 推演。",
        "The rehearsal took more than {seconds} seconds and was stopped at event {number}, without a result. Use fewer "
        "events, or the command gongbao rehearse.",
    ),
    "amounts_too_many": ("最多 {most} 笔。更多请用命令行。", "At most {most} amounts. Use the command for more."),
    "shares_unreadable": (
        "“{text}”不是份额。请用逗号隔开半角数字，例如 45, 25, 20, 10。",
        "“{text}” is no share. Separate plain numbers by commas, for example 45, 25, 20, 10.",
    ),
    "shares_not_100": ("各家份额合计为 {total}，应为 100。", "The shares add up to {total}, not to 100."),
    "amount_line_wrong": (
        "第 {line} 行“{text}”不是整数分。金额以分为单位，每行一个整数。",
        "Line {line}, “{text}”, is not a whole number of fen. Write one integer a line.",
    ),
}

_HTTP: dict[str, tuple[str, str]] = {
    "http_400": ("请求无法读取。", "The request cannot be read."),
    "http_401": ("请先登录。", "Sign in first."),
    "http_403": ("您不能办理这一步。", "You may not do this."),
    "http_404": ("没有这个地址，或者它不对您开放。", "There is no such address, or it is not open to you."),
    "http_405": ("这个地址不接受这种操作。", "This address does not take this method."),
    "http_406": ("没有所要求的格式。", "There is nothing in the format asked for."),
    "http_408": ("等待过久，连接已关闭。请重试。", "The request took too long to arrive. Send it again."),
    "http_411": ("请求缺少长度。", "The request has no length."),
    "http_412": ("内容已被改动，请重新读取后再改。", "It has changed since you read it. Read it again first."),
    "http_413": (
        "内容太大。请压缩或分成几份，没有任何内容被保存。",
        "Too large. Send it smaller or in parts; nothing was kept.",
    ),
    "http_414": ("地址太长。请改用提交方式。", "The address is too long."),
    "http_415": ("不接受这种格式。请发送 JSON。", "This format is not taken. Send JSON."),
    "http_428": ("修改前请带上 If-Match。", "Send If-Match with a change."),
    "http_429": ("请求过于频繁，请稍后再试。", "Too many requests. Try again a little later."),
    "http_500": (
        "系统出了差错，这一步没有完成，没有任何改动被保存。请把编号告诉管理员。",
        "Something went wrong here; this step was not completed and nothing was changed. Tell the administrator the "
        "request's number.",
    ),
    "http_503": ("暂时不能办理，请稍后再试。", "Not available just now. Try again a little later."),
}

_DATABASE: dict[str, tuple[str, str]] = {
    "database_away": (
        "数据库暂时连不上，没有任何改动被保存。请稍后再试。",
        "The database cannot be reached just now and nothing was changed. Try again a little later.",
    ),
    "row_never_changes": (
        "这类记录只增不改。要更正，请追加一条冲正或更正记录。",
        "Rows of this kind are never changed or removed. Correct them by adding another.",
    ),
    "shares_not_the_whole": (
        "各成员份额合计不等于整体，未予保存。",
        "The shares do not add up to the whole; nothing was kept.",
    ),
    "period_takes_no_posting": ("该账期已结账，不能再记账。", "The period is closed and takes no posting."),
    "entry_not_balanced": (
        "分录与其转账合计不符，未予保存。",
        "The transfers do not add up to their entry; nothing was kept.",
    ),
    "lift_on_another_policy": (
        "该电梯在这段时间已有保单，不能重复承保。",
        "This lift is on another policy in that time; it is not covered twice.",
    ),
    "already_there": ("已有同样的记录，未再添加。", "There is such a record already; none was added."),
    "still_referred_to": (
        "所指的记录不存在，或仍被其他记录引用。",
        "The record it refers to is not there, or still in use.",
    ),
    "row_not_allowed": ("内容违反记录的规则，未予保存。", "The record would break its own rules; nothing was kept."),
    "took_too_long": (
        "办理时间过长，已停止，没有任何改动被保存。请稍后再试。",
        "It took too long and was stopped; nothing was kept.",
    ),
    "value_not_storable": (
        "内容含有不能保存的字符，或数值超出范围。",
        "It holds a character that cannot be kept, or a number out of range.",
    ),
    "row_not_yours": ("这条记录不属于您的单位。", "This record does not belong to your organisation."),
}

MESSAGES: dict[str, tuple[str, str]] = {**_ACCOUNTS, **_REQUESTS, **_HTTP, **_DATABASE}
