#!/bin/sh
# 备份：数据库（自定义格式，含角色外的一切）和状态目录里的密钥、文书。由 root 运行；转储用 postgres 身份，
# 因为行级安全会让其他角色漏行。数据库不在默认端口时设 PGPORT。
# Back up the database and the state folder's keys and papers. Run as root; the dump is made as postgres, since row-level
# security would hide rows from any other role. Set PGPORT where the server has another port than the default.
# Usage: backup.sh FOLDER [DAYS_KEPT]
set -eu
umask 077

folder=${1:?usage: backup.sh FOLDER [DAYS_KEPT]}
kept=${2:-30}
state=${GONGBAO_STATE_DIR:-/var/lib/gongbao}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
target=$folder/$(date +%Y-%m-%dT%H%M%S)
mkdir "$target.part"

# 从一个 postgres 可以进入的目录运行。 From a folder that postgres may enter.
cd /
runuser -u postgres -- pg_dump --format=custom --compress=6 "${GONGBAO_BACKUP_DATABASE:-gongbao}" >"$target.part/gongbao.dump"
pg_restore --list "$target.part/gongbao.dump" >/dev/null

# 先转储、后文书：转储里提到的文件都已写好。 The dump first: every file that it names is written by now.
set --
for part in keys papers; do
  [ ! -d "$state/$part" ] || set -- "$@" "$part"
done
if [ $# -gt 0 ]; then
  # 退出码 1：打包时有新文件写入，已写好的不受影响。 Exit code 1: a file came or went meanwhile; kept ones never change.
  tar -C "$state" -czf "$target.part/state.tar.gz" "$@" || [ $? -eq 1 ]
  tar -tzf "$target.part/state.tar.gz" >/dev/null
else
  printf '%s\n' "没有密钥和文书可备份 no keys or papers here: $state" >&2
fi

(cd "$target.part" && sha256sum -- * >SHA256SUMS)
mv "$target.part" "$target"
find "$folder" -mindepth 1 -maxdepth 1 -type d -name '20*' -mtime "+$kept" -exec rm -rf {} +
printf '%s\n' "$target"
