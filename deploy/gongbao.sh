#!/bin/sh
# 以服务的用户和设置运行 gongbao；安装为 /usr/local/bin/gongbao。以 root 直接运行时，新生成的密钥会属于 root，服务读不到。
# `gongbao` as the service's user with the service's settings; installed as /usr/local/bin/gongbao. Run by root without it,
# new keys would be root's, and the service could not read them.
set -eu

set -a
. "${GONGBAO_ENVIRONMENT:-/etc/gongbao/gongbao.env}"
set +a
command=/opt/gongbao/.venv/bin/gongbao
if [ "$(id -un)" = gongbao ]; then
  exec "$command" "$@"
fi
HOME=$GONGBAO_STATE_DIR exec runuser -u gongbao -- "$command" "$@"
