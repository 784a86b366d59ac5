/** Words that the shell would take for its own where kubectl's commands are meant. */
export const PRELUDE = `
exec() { kubectl exec "$@"; }
wait() { case "$1" in ''|[0-9]*|%*|-n) command wait "$@";; *) kubectl wait "$@";; esac; }
set() { case "$1" in image|env|resources|selector|serviceaccount|sa|subject) kubectl set "$@";; *) command set "$@";; esac; }
quit() { exit "$@"; }
command_not_found_handle() { command-not-found "$@"; }
`;
