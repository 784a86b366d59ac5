/** What `help` shows; five lines of it greet who comes for the first time. */
export const SHELL_HELP = `What kubectl does, with or without the word kubectl in front:
  get nodes                      what the cluster is made of
  get pods -A                    the pods of all namespaces; -w goes on showing changes
  run web --image=nginx          start a pod; then: logs web, describe pod web
  exec -it web -- sh             a shell in its container
  port-forward web 8080:80 &     reach it from this machine; fg or kill %1 ends it
  apply -f FILE                  make what a file says; edit, delete and explain know the rest
  sim why pod/web                why an object is as it is; sim -h: clock, nodes, traces

What a shell does:
  get po -o name | grep web > x  pipes, files, variables, loops, functions, here-documents
  use kube-system                the commands that follow mean that namespace
  watch get po                   a command's output, again and again; -n SECONDS
  source FILE, ./SCRIPT          run a script; vi, curl, jq and your other programs are there too
  history, clear, exit           what was typed; an empty screen; leave

Keys: Tab completes, Up and Ctrl-R recall, Ctrl-C ends a command, Ctrl-D leaves.
All commands: kubectl. One command: help get. A field of an object: explain pod.spec.
`;

export const GREETING = `Welcome to kubesim, a Kubernetes cluster in this terminal. Try:
  get nodes                          what it is made of; Tab completes, Up recalls
  run web --image=nginx              start a pod; then: get po -w, logs web
  get po -A | grep dns > dns.txt     pipes, files and loops, as in any shell
  use kube-system, help, exit        another namespace; more to type; leave
`;
