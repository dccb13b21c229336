#!/bin/sh
# Makes two users and a group of them over the admin API. TURMS_ADMIN_TOKEN is what `turms admin token` prints.
set -eu
admin=${TURMS_ADMIN_URL:-http://127.0.0.1:8510}

ask() {
  curl --silent --show-error --fail-with-body -X "$1" "$admin$2" \
    -H "Authorization: Bearer $TURMS_ADMIN_TOKEN" -H 'Content-Type: application/json' ${3:+-d "$3"}
  echo
}

ask POST /users '{"id":"2001","name":"Dora","password":"a-first-password"}'
ask POST /users '{"id":"2002","name":"Emil","password":"another-password"}'
ask POST /groups '{"name":"Workshop","ownerId":"2001","memberIds":["2002"]}'
ask GET '/users?ids=2001,2002'
