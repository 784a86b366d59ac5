import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, StatefulSet } from "../../../src/api/generated/apps-v1.ts";
import type { CronJob, Job } from "../../../src/api/generated/batch-v1.ts";
import type { PodTemplateSpec, ReplicationController } from "../../../src/api/generated/core-v1.ts";
import { controllerRevisions } from "../../../src/api/resources/controller-revision.ts";
import { cronJobs } from "../../../src/api/resources/cron-job.ts";
import { daemonSets } from "../../../src/api/resources/daemon-set.ts";
import { deployments } from "../../../src/api/resources/deployment.ts";
import { jobs } from "../../../src/api/resources/job.ts";
import { podTemplates } from "../../../src/api/resources/pod-template-kind.ts";
import { replicaSets } from "../../../src/api/resources/replica-set.ts";
import { replicationControllers } from "../../../src/api/resources/replication-controller.ts";
import { statefulSets } from "../../../src/api/resources/stateful-set.ts";
import { SimClock } from "../../../src/util/sim-clock.ts";
import { container, problems, row, updateProblems } from "./fixtures.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");
const CREATED = "2026-01-01T00:00:00Z";
const metadata = () => ({ name: "kubia", namespace: "default", uid: "u-1", resourceVersion: "1", creationTimestamp: CREATED });
const template = (spec: Partial<PodTemplateSpec["spec"]> = {}): PodTemplateSpec => ({
  metadata: { labels: { app: "kubia" } },
  spec: { containers: [container()], ...spec },
});
const selector = () => ({ matchLabels: { app: "kubia" } });
const context = { clock: new SimClock(NOW, () => Promise.resolve()), subresource: undefined, user: { name: "a", groups: [] } };
const empty = { status: {} as never };

const deployment = (spec: Partial<Deployment["spec"]> = {}): Deployment => ({
  metadata: metadata(),
  spec: { selector: selector(), template: template(), ...spec },
  ...empty,
});
const statefulSet = (spec: Partial<StatefulSet["spec"]> = {}): StatefulSet => ({
  metadata: metadata(),
  spec: { serviceName: "kubia", selector: selector(), template: template(), ...spec },
  ...empty,
});
const job = (spec: Partial<Job["spec"]> = {}): Job => ({
  metadata: metadata(),
  spec: { template: { spec: { containers: [container()], restartPolicy: "Never" } }, ...spec },
  ...empty,
});
const cronJob = (spec: Partial<CronJob["spec"]> = {}): CronJob => ({
  metadata: metadata(),
  spec: { schedule: "*/5 * * * *", jobTemplate: { spec: job().spec }, ...spec },
  ...empty,
});

test("a deployment gets its defaults, its template only those of templates", () => {
  const object = deployment();
  deployments.setDefaults?.(object);
  const { template: pod, selector: _selector, ...spec } = object.spec;
  assert.deepEqual(spec, {
    replicas: 1,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  assert.equal(pod.spec.restartPolicy, "Always");
  assert.equal(pod.spec.enableServiceLinks, undefined);
});

test("what is wrong with a deployment", () => {
  const mismatch = 'spec.template.metadata.labels: Invalid value: {"app":"kubia"}: `selector` does not match template `labels`';
  assert.deepEqual(problems(deployments, deployment()), []);
  assert.deepEqual(problems(deployments, deployment({ selector: undefined as never })), ["spec.selector: Required value", mismatch]);
  assert.deepEqual(problems(deployments, deployment({ selector: { matchLabels: { app: "other" } } })), [mismatch]);
  assert.deepEqual(problems(deployments, deployment({ selector: {} })), [
    "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  ]);
  assert.deepEqual(problems(deployments, deployment({ replicas: -1 })), [
    "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
  ]);
  assert.deepEqual(problems(deployments, deployment({ template: template({ restartPolicy: "Never" }) })), [
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ]);
  assert.deepEqual(
    problems(deployments, deployment({ strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "0%" } } })),
    ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
  );
  assert.deepEqual(problems(deployments, deployment({ strategy: { type: "Recreate", rollingUpdate: {} } })), [
    "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
  ]);
  assert.deepEqual(problems(deployments, deployment({ minReadySeconds: 600 })), [
    "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
  ]);
});

test("selectors stay as they are", () => {
  const next = deployment({ selector: { matchLabels: { app: "x" } } });
  const expected = ['spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable'];
  assert.deepEqual(updateProblems(deployments, next, deployment()), expected);
  assert.deepEqual(updateProblems(replicaSets, next as never, deployment() as never), expected);
  assert.deepEqual(updateProblems(daemonSets, next as never, deployment() as never), expected);
});

test("a daemon set rolls with surge or with absence, not both", () => {
  const set = deployment() as never as Parameters<NonNullable<typeof daemonSets.validate>>[0];
  assert.deepEqual(problems(daemonSets, set), []);
  assert.deepEqual(set.spec.updateStrategy, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } });
  const both = {
    ...set,
    spec: { ...set.spec, updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } },
  };
  assert.deepEqual(problems(daemonSets, both), [
    "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
  ]);
});

test("a stateful set's containers may mount its claims; little of its spec may change", () => {
  const claims = {
    template: template({ containers: [container({ volumeMounts: [{ name: "data", mountPath: "/data" }] })] }),
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {}, ...empty }],
  };
  assert.deepEqual(problems(statefulSets, statefulSet(claims as never)), []);
  assert.deepEqual(updateProblems(statefulSets, statefulSet({ replicas: 3 }), statefulSet()), []);
  assert.deepEqual(updateProblems(statefulSets, statefulSet({ serviceName: "x" }), statefulSet()), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
});

test("a replication controller takes selector and labels from its template", () => {
  const controller: ReplicationController = { metadata: metadata(), spec: { template: template() }, ...empty };
  assert.deepEqual(problems(replicationControllers, controller), []);
  assert.deepEqual([controller.spec.selector, controller.metadata.labels], [{ app: "kubia" }, { app: "kubia" }]);
});

test("a job makes its selector and refuses to restart always", () => {
  const object = job();
  jobs.setDefaults?.(object);
  jobs.prepareForCreate?.(object, context);
  assert.deepEqual(problems(jobs, object), []);
  assert.deepEqual(object.spec.selector, { matchLabels: { "batch.kubernetes.io/controller-uid": "u-1" } });
  assert.equal(object.spec.template.metadata?.labels?.["job-name"], "kubia");
  const { template: _template, selector: _selector, ...spec } = object.spec;
  assert.deepEqual(spec, {
    completions: 1,
    parallelism: 1,
    backoffLimit: 6,
    completionMode: "NonIndexed",
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: "TerminatingOrFailed",
  });
  const always = job({ template: { spec: { containers: [container()] } } });
  jobs.setDefaults?.(always);
  jobs.prepareForCreate?.(always, context);
  assert.deepEqual(problems(jobs, always), ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']);
});

test("a job's template and completions stay as they are", () => {
  const next = job({ completions: 2, template: { spec: { containers: [container({ image: "other" })], restartPolicy: "Never" } } });
  const texts = updateProblems(jobs, next, job({ completions: 1 }));
  assert.equal(texts[0], "spec.completions: Invalid value: 2: field is immutable");
  assert.match(texts[1] ?? "", /^spec\.template: Invalid value: .*: field is immutable$/);
});

test("a cron job's schedule, time zone and name", () => {
  const schedule = (text: string) =>
    problems(cronJobs, cronJob({ schedule: text })).map((line) => line.replace(/^spec\.schedule: Invalid value: ".*?": /, ""));
  assert.deepEqual(schedule("0 9-17/2 * jan,mar MON-FRI"), []);
  assert.deepEqual(schedule("@hourly"), []);
  assert.deepEqual(schedule("* * * *"), ["expected exactly 5 fields, found 4: [* * * *]"]);
  assert.deepEqual(schedule("61 * * * *"), ["end of range (61) above maximum (59): 61"]);
  assert.deepEqual(schedule("x * * * *"), ['failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax']);
  assert.deepEqual(schedule("TZ=UTC 0 * * * *"), ["cannot use TZ or CRON_TZ in schedule, use timeZone field instead"]);
  assert.deepEqual(problems(cronJobs, cronJob({ timeZone: "Moon/Base" })), [
    'spec.timeZone: Invalid value: "Moon/Base": unknown time zone Moon/Base',
  ]);
  assert.deepEqual(problems(cronJobs, { ...cronJob(), metadata: { ...metadata(), name: "n".repeat(53) } }), [
    `metadata.name: Invalid value: "${"n".repeat(53)}": must be no more than 52 characters`,
  ]);
});

test("the tables", () => {
  const ready = { ...deployment({ replicas: 3 }), status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 } };
  assert.deepEqual(row(deployments, ready, NOW), {
    Ready: "2/3",
    "Up-to-date": 3,
    Available: 1,
    Age: "10m",
    Containers: "main",
    Images: "luksa/kubia",
    Selector: "app=kubia",
  });
  const done = {
    ...job({ completions: 1 }),
    status: {
      succeeded: 1,
      startTime: CREATED,
      completionTime: "2026-01-01T00:00:07Z",
      conditions: [{ type: "Complete", status: "True" }],
    },
  };
  assert.deepEqual(row(jobs, done, NOW), {
    Status: "Complete",
    Completions: "1/1",
    Duration: "7s",
    Age: "10m",
    Containers: "main",
    Images: "luksa/kubia",
    Selector: "<none>",
  });
  const cron = row(cronJobs, { ...cronJob({ suspend: false }), status: { lastScheduleTime: CREATED } }, NOW);
  assert.deepEqual(
    [cron["Schedule"], cron["Timezone"], cron["Suspend"], cron["Active"], cron["Last Schedule"]],
    ["*/5 * * * *", "<none>", "False", 0, "10m"],
  );
  assert.deepEqual(row(podTemplates, { metadata: metadata(), template: template() }, NOW), {
    Containers: "main",
    Images: "luksa/kubia",
    "Pod Labels": "app=kubia",
  });
  const owner = { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent", uid: "u", controller: true };
  assert.deepEqual(row(controllerRevisions, { metadata: { ...metadata(), ownerReferences: [owner] }, revision: 2, data: {} }, NOW), {
    Controller: "daemonset.apps/agent",
    Revision: 2,
    Age: "10m",
  });
});
