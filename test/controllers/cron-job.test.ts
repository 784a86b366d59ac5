import assert from "node:assert/strict";
import { test } from "node:test";
import { cronJobs } from "../../src/api/resources/cron-job.ts";
import { jobs } from "../../src/api/resources/job.ts";
import { CronSchedule } from "../../src/controllers/support/cron-schedule.ts";
import { World } from "./support.ts";

const HELLO = { namespace: "default", name: "hello" };
const newCronJob = (spec: Record<string, unknown> = {}) =>
  ({
    metadata: HELLO,
    spec: {
      schedule: "*/1 * * * *",
      jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "busybox" }] } } } },
      ...spec,
    },
  }) as never;
const next = (schedule: string, after: string, timeZone?: string) =>
  new Date(new CronSchedule(schedule, timeZone).next(Date.parse(after)) ?? 0).toISOString();

test("schedules come round when they should", () => {
  assert.equal(next("*/15 * * * *", "2026-01-01T00:00:00Z"), "2026-01-01T00:15:00.000Z");
  assert.equal(next("30 4 1,15 * 5", "2026-01-01T05:00:00Z"), "2026-01-02T04:30:00.000Z");
  assert.equal(next("0 0 29 feb *", "2026-01-01T00:00:00Z"), "2028-02-29T00:00:00.000Z");
  assert.equal(next("@weekly", "2026-01-01T00:00:00Z"), "2026-01-04T00:00:00.000Z");
  assert.equal(next("0 9 * * mon-fri", "2026-07-03T12:00:00Z", "Europe/Berlin"), "2026-07-06T07:00:00.000Z");
  assert.equal(new CronSchedule("0 0 30 2 *").next(0), undefined);
  assert.equal(new CronSchedule("@daily", "America/St_Johns").render(Date.parse("2026-07-03T12:00:00Z")), "2026-07-03T09:30:00-02:30");
  assert.equal(new CronSchedule("@daily").render(0), "1970-01-01T00:00:00Z");
});

test("a job a minute, the finished ones but three deleted", async () => {
  const world = await World.start();
  await world.client.create(cronJobs, newCronJob());
  for (let minute = 0; minute < 5; minute++) {
    await world.parts.clock.step(60_000);
    for (const pod of await world.pods()) if (pod.status.phase === "Running") await world.finish(pod.metadata.name, "Succeeded");
  }
  await world.parts.clock.step(1_000);
  const { items } = await world.client.list(jobs, { namespace: "default" });
  assert.equal(items.filter((job) => job.status.completionTime).length, 3);
  const { status } = await world.client.get(cronJobs, HELLO);
  assert.ok(status.lastSuccessfulTime);
  assert.match(items.at(-1)?.metadata.name ?? "", /^hello-29\d{6}$/);
  const told = await world.eventsOf("CronJob", "hello");
  assert.ok(
    told.some((line) => /^Normal SuccessfulCreate Created job hello-\d+$/.test(line)) &&
      told.some((line) => /^Normal SawCompletedJob Saw completed job: hello-\d+, condition: Complete$/.test(line)),
  );
  await world.stop();
});

test("Forbid waits for the job before; a suspended one starts none", async () => {
  const world = await World.start();
  await world.client.create(cronJobs, newCronJob({ concurrencyPolicy: "Forbid" }));
  await world.parts.clock.step(200_000);
  assert.equal((await world.client.list(jobs, { namespace: "default" })).items.length, 1);
  assert.equal((await world.client.get(cronJobs, HELLO)).status.active?.length, 1);
  await world.client.mutate(cronJobs, HELLO, (now) => ({ ...now, spec: { ...now.spec, suspend: true, concurrencyPolicy: "Allow" } }));
  await world.parts.clock.step(200_000);
  assert.equal((await world.client.list(jobs, { namespace: "default" })).items.length, 1);
  await world.stop();
});
