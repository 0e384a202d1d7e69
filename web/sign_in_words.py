"""What Flask-Security says in English only, said in Chinese: for the screens that we use of it."""

from __future__ import annotations

from typing import Any

from flask_security.babel import FsDomain

from web.formats import is_english

_CHINESE = {
    "Authentication failed - identity or password/passcode invalid": "邮箱或密码不正确，请核对后再试。",
    "You must sign in to view this resource.": "请先登录。",
    "You must reauthenticate to access this endpoint": "请再输入一次密码。",
    "Recovery code invalid": "恢复码不正确，或已经用过。",
    "No recovery codes generated yet": "还没有恢复码，请先生成。",
    "Value entered is not valid for the field": "填写的内容无效。",
    "Code has been sent.": "口令已发出。",
    "Your code has been confirmed": "口令正确，已登录。",
    "You successfully disabled two-factor authorization.": "已停用第二步验证。",
    "You successfully changed your two-factor method.": "第二步验证已设置。",
    "authenticator": "验证器应用",
    "password": "密码",
    "none": "无",
    "Available Methods": "可用的方式",
    "Disable two-factor authentication": "停用第二步验证",
    "Trouble Accessing Your Account?/Lost Mobile Device?": "手机不在身边？",
    "Contact Administrator": "联系管理员",
    "Use previously downloaded recovery code": "使用恢复码",
    "Available Second Factor Methods:": "可用的方式：",
    "Select": "选择",
    "Reauthentication successful": "验证通过。",
    "Invalid code": "口令不正确，请填写手机上现在显示的六位数字。",
    "You successfully changed your password.": "密码已更改，其他设备上的登录已失效。",
    "Your new password must be different than your previous password.": "新密码不能与原密码相同。",
    "Invalid password": "密码不正确。",
    "Passwords do not match": "两次输入的密码不一致。",
    "Please reauthenticate to access this page.": "请再输入一次密码。",
}


class Words(FsDomain):  # type: ignore[misc]
    """Flask-Security's translations with ours laid over them."""

    def gettext(self, string: str, **variables: Any) -> str:
        """Return the words in the reader's language."""
        ours = None if is_english() else _CHINESE.get(string)
        if ours is not None:
            return ours % variables if variables else ours
        return str(super().gettext(string, **variables))
