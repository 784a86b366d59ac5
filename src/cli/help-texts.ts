/** Usage lines and examples of commands that do not carry their own; the words are ours, the layout is kubectl's. */
export interface HelpText {
  readonly usage?: string;
  readonly examples?: string;
  /** Sends the reader to api-resources. */
  readonly resources?: boolean;
}

const RESOURCE = "RESOURCE";
const text = (usage: string | undefined, examples?: string): HelpText => ({
  ...(usage === undefined ? {} : { usage }),
  ...(examples === undefined ? {} : { examples }),
});
const example = (comment: string, command: string): HelpText => text(undefined, `# ${comment}\nkubectl ${command}`);
const both = (usage: string, comment: string, command: string): HelpText => text(usage, `# ${comment}\nkubectl ${command}`);

const TEXTS: Readonly<Record<string, HelpText>> = {
  annotate: { resources: true },
  "api-resources": text("[flags]"),
  "api-versions": both("", "The API versions of the server", "api-versions"),
  "apply view-last-applied": example("What was applied last to a deployment", "apply view-last-applied deployment/nginx"),
  auth: text("[flags]"),
  "auth can-i": both(
    "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
    "Whether I may create pods in any namespace",
    "auth can-i create pods --all-namespaces",
  ),
  "auth reconcile": both("-f FILENAME", "Bring the roles of the cluster in line with a file", "auth reconcile -f my-rbac-rules.yaml"),
  "auth whoami": example("Who the server takes me for", "auth whoami"),
  autoscale: text(undefined),
  certificate: text("SUBCOMMAND"),
  "certificate approve": both("(-f FILENAME | NAME)", "Approve the request of Ada", "certificate approve ada"),
  "certificate deny": both("(-f FILENAME | NAME)", "Deny the request of Ada", "certificate deny ada"),
  "cluster-info": both("[flags]", "The addresses of the control plane", "cluster-info"),
  "cluster-info dump": text("[flags]"),
  completion: text("SHELL"),
  "config view": both("[flags]", "The kubeconfig, without its secrets", "config view"),
  "config set-context": example("Another namespace for the current context", "config set-context --current --namespace=team"),
  "config get-contexts": example("All contexts", "config get-contexts"),
  "config set-credentials": example("A token for a user", "config set-credentials ada --token=abc"),
  "config set-cluster": both(
    "NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com]",
    "The address of a cluster",
    "config set-cluster e2e --server=https://1.2.3.4",
  ),
  "config set": example("The address of a cluster", "config set clusters.e2e.server https://1.2.3.4"),
  "config unset": example("No current context", "config unset current-context"),
  "config use-context": example("Work with another cluster", "config use-context kubesim-two"),
  "config rename-context": example("Another name for a context", "config rename-context old-name new-name"),
  "config current-context": both("[flags]", "Which context is current", "config current-context"),
  "config delete-cluster": example("Forget a cluster", "config delete-cluster e2e"),
  "config delete-context": example("Forget a context", "config delete-context e2e"),
  "config delete-user": example("Forget a user", "config delete-user ada"),
  "config get-clusters": both("[flags]", "The clusters that are known", "config get-clusters"),
  "config get-users": both("[flags]", "The users that are known", "config get-users"),
  cordon: example("No new pods for a node", "cordon worker1"),
  "create clusterrole": example("A cluster role that may read pods", "create clusterrole pod-reader --verb=get,list,watch --resource=pods"),
  "create clusterrolebinding": example(
    "A cluster role for a user",
    "create clusterrolebinding ada-admin --clusterrole=cluster-admin --user=ada",
  ),
  "create cronjob": both(
    "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]",
    "A job every minute",
    'create cronjob tick --image=busybox --schedule="*/1 * * * *" -- date',
  ),
  "create ingress": both(
    "NAME --rule=host/path=service:port[,tls[=secret]] ",
    "A path of a host for a service",
    'create ingress simple --rule="foo.com/bar=svc1:8080"',
  ),
  "create job": example("A job with a command", "create job once --image=busybox -- date"),
  "create poddisruptionbudget": example(
    "At least one pod at any time",
    "create poddisruptionbudget web --selector=app=web --min-available=1",
  ),
  "create priorityclass": example("A priority class", 'create priorityclass high --value=1000 --description="high priority"'),
  "create quota": example("A quota for a namespace", "create quota team --hard=cpu=1,memory=1G,pods=2"),
  "create role": example("A role that may read pods", "create role pod-reader --verb=get,list,watch --resource=pods"),
  "create rolebinding": example("A role for a user", "create rolebinding ada-reads --role=pod-reader --user=ada"),
  "create secret": text("(docker-registry | generic | tls)"),
  "create secret generic": example(
    "A secret of two texts",
    "create secret generic login --from-literal=user=ada --from-literal=password=secret",
  ),
  "create secret tls": example("A certificate and its key", "create secret tls cert --cert=path/to/tls.crt --key=path/to/tls.key"),
  "create secret docker-registry": example(
    "Credentials of a registry",
    "create secret docker-registry reg --docker-server=registry.example --docker-username=ada --docker-password=secret",
  ),
  "create service": text("[flags]"),
  "create service clusterip": both(
    "NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none]",
    "A ClusterIP service",
    "create service clusterip web --tcp=5678:8080",
  ),
  "create service nodeport": example("A NodePort service", "create service nodeport web --tcp=5678:8080"),
  "create service loadbalancer": example("A LoadBalancer service", "create service loadbalancer web --tcp=5678:8080"),
  "create service externalname": example("A service for a name outside", "create service externalname db --external-name db.example.com"),
  "create serviceaccount": example("A service account", "create serviceaccount builder"),
  "create token": example("A token for a service account", "create token builder"),
  describe: { resources: true },
  diff: example("What a file would change", "diff -f pod.json"),
  drain: example("Empty a node, whatever runs there", "drain worker1 --force"),
  edit: example("Edit a service", "edit svc/web"),
  events: both(
    "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
    "Events of this namespace",
    "events",
  ),
  explain: { resources: true },
  kustomize: text("DIR [flags]"),
  plugin: text("[flags]"),
  "plugin list": text("[flags]"),
  replace: example("Replace a pod by what a file says", "replace -f ./pod.json"),
  "rollout history": example("The revisions of a deployment", "rollout history deployment/web"),
  "rollout pause": both(RESOURCE, "Hold a deployment", "rollout pause deployment/web"),
  "rollout restart": both(RESOURCE, "New pods for a deployment", "rollout restart deployment/web"),
  "rollout resume": both(RESOURCE, "Go on with a deployment", "rollout resume deployment/web"),
  "rollout status": example("Wait until a deployment is rolled out", "rollout status deployment/web"),
  "rollout undo": example("Back to the previous revision", "rollout undo deployment/web"),
  "set env": both(
    "RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
    "An environment variable for a deployment",
    "set env deployment/web STORAGE_DIR=/local",
  ),
  "set image": both(
    "(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
    "Another image",
    "set image deployment/web nginx=nginx:1.27",
  ),
  "set resources": both(
    "(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]",
    "A limit for a container",
    "set resources deployment web -c=nginx --limits=cpu=200m,memory=512Mi",
  ),
  "set selector": both(
    "(-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version]",
    "Another selector for a service",
    "set selector service web app=web",
  ),
  "set serviceaccount": both(
    "(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
    "Another service account",
    "set serviceaccount deployment web builder",
  ),
  "set subject": both(
    "(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    "One more user for a role binding",
    "set subject rolebinding admin --user=ada",
  ),
  top: text("[flags]"),
  "top node": both("[NAME | -l label]", "What the nodes use", "top node"),
  "top pod": both("[NAME | -l label]", "What the pods use", "top pod"),
  uncordon: example("New pods for a node again", "uncordon worker1"),
  version: text("[flags]"),
};

export const helpText = (path: string): HelpText => TEXTS[path.replace(/^kubectl /, "")] ?? {};
