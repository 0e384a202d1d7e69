"""Flask-Security's forms and words as we use them: fewer choices, and in Chinese what it says in English only."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_security.babel import FsDomain
from flask_security.forms import TwoFactorRescueForm, TwoFactorSetupForm, get_form_field_xlate
from flask_security.mail_util import MailUtil
from sqlalchemy.orm import Session
from wtforms import RadioField  # type: ignore[import-untyped]
from wtforms.fields.choices import SelectChoice  # type: ignore[import-untyped]

from core import audit
from core.db import instant, run_in_unit
from core.permits import SYSTEM
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
    "Invalid code": "口令不正确或刚用过，请填写手机上现在显示的六位数字。",
    "You successfully changed your password.": "密码已更改，其他设备上的登录已失效。",
    "Your new password must be different than your previous password.": "新密码不能与原密码相同。",
    "Invalid password": "密码不正确。",
    "Passwords do not match": "两次输入的密码不一致。",
    "Please reauthenticate to access this page.": "请再输入一次密码。",
}


class Words(FsDomain):
    """Flask-Security's translations with ours laid over them."""

    def gettext(self, string: str, **variables: Any) -> str:
        """Return the words in the reader's language."""
        ours = None if is_english() else _CHINESE.get(string)
        if ours is not None:
            return ours % variables if variables else ours
        return str(super().gettext(string, **variables))  # type: ignore[no-untyped-call]


class SecondFactorForm(TwoFactorSetupForm):
    """Setting up the second factor: an authenticator, or none where the role may do without."""

    setup = RadioField(
        get_form_field_xlate("Available Methods"),
        choices=[SelectChoice("authenticator"), SelectChoice("disable")],
        validate_choice=False,
    )


class RescueForm(TwoFactorRescueForm):
    """What to do where the phone is not at hand: the administrator, and a recovery code for those who have one."""

    help_setup = RadioField(
        get_form_field_xlate("Trouble Accessing Your Account?/Lost Mobile Device?"),
        choices=[SelectChoice("help", get_form_field_xlate("Contact Administrator"))],
    )


class AskTheAdministrator(MailUtil):
    """Where Flask-Security would send mail: the one letter left is a plea for help, and it goes into the log.

    Nothing else is sent from here: passwords are set by the administrator, codes come from the phone.
    """

    def send_mail(self, template: str, subject: str, recipient: Any, sender: Any, *rest: Any, **context: Any) -> None:
        """Record that the account asks for help with its second factor, for the administrator to see."""
        user = context["user"]

        def work(session: Session) -> None:
            audit.record(session, "account.help_asked", by=SYSTEM, at=instant(session), of=("account", user.id))

        run_in_unit(current_app.extensions["gongbao"].engine, SYSTEM, work)
