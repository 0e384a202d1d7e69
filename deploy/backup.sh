#!/bin/sh
# 备份：数据库（自定义格式，含角色外的一切）和状态目录里的密钥、文书。由 root 运行；转储用 postgres 身份，
# 因为行级安全会让其他角色漏行。
# Back up the database and the state folder's keys and papers. Run as root; the dump is made as postgres, since row-level
# security would hide rows from any other role. Usage: backup.sh FOLDER [DAYS_KEPT]
set -eu
umask 077

folder=${1:?usage: backup.sh FOLDER [DAYS_KEPT]}
kept=${2:-30}
state=${GONGBAO_STATE_DIR:-/var/lib/gongbao}
target=$folder/$(date +%Y-%m-%dT%H%M%S)
mkdir -p "$target.part"

runuser -u postgres -- pg_dump --format=custom --compress=6 "${GONGBAO_BACKUP_DATABASE:-gongbao}" >"$target.part/gongbao.dump"
pg_restore --list "$target.part/gongbao.dump" >/dev/null
if [ -r "$state" ]; then
  tar -C "$state" --exclude=./postgres --exclude=./log -czf "$target.part/state.tar.gz" .
fi
(cd "$target.part" && sha256sum -- * >SHA256SUMS)
mv "$target.part" "$target"
find "$folder" -mindepth 1 -maxdepth 1 -type d -name '20*' -mtime "+$kept" -exec rm -rf {} +
printf '%s\n' "$target"
