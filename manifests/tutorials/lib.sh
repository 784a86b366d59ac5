# Sourced by the tutorials: shows each command before it runs, as a book would print it.
# KUBECTL may be kubesim (the default) or the real kubectl.
set -eu
cd "$(dirname "$0")"
KUBECTL=${KUBECTL:-kubesim}
SIM=${SIM:-kubesim}
kubectl() { printf '\n$ kubectl %s\n' "$*" >&2; $KUBECTL "$@"; }
sim() { printf '\n$ kubesim %s\n' "$*" >&2; $SIM "$@"; }
say() { printf '\n# %s\n' "$*"; }
# Runs a command that is meant to fail.
fails() { if "$@"; then echo "this should have failed: $*" >&2; exit 1; fi; }
# until_true SECONDS COMMAND...: tries again until the command succeeds.
until_true() { local left=$1; shift; while ! "$@" >/dev/null 2>&1; do left=$((left - 1)); if [ "$left" -le 0 ]; then echo "waited too long for: $*" >&2; exit 1; fi; sleep 1; done; }
