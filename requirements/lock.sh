#!/bin/sh
# Makes the lock files anew: exact versions with hashes for Python 3.11 and later, and no address in them.
# Usage: sh lock.sh PATH-TO-UV, from this folder. Add --upgrade to move to newer versions.
set -eu
uv=$1; shift
set -- pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "$@"
"$uv" "$@" ../pyproject.toml -o run.lock
"$uv" "$@" ../pyproject.toml --group ../pyproject.toml:test -o test.lock
"$uv" "$@" --group ../pyproject.toml:local-model --override local.override -o local.lock
