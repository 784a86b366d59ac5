import type { CaseGroup } from "../case.ts";
import { applyFlagCases } from "./apply-flags.ts";
import { applyServerSideCases } from "./apply-server-side.ts";
import { applySetCases } from "./apply-sets.ts";
import { changesCases } from "./changes.ts";
import { createCases, createForRealCases } from "./create.ts";
import { attachCases, cpCases, execCases } from "./exec-attach-cp.ts";
import { deleteCases } from "./delete.ts";
import { editCases } from "./edit-and-diff.ts";
import { filesCases } from "./files.ts";
import { kustomizeApplyCases } from "./kustomize-apply.ts";
import { kustomizeCases } from "./kustomize.ts";
import { moreLogsCases, portForwardCases, proxyCases } from "./logs-forward-proxy.ts";
import { manifestInputCases } from "./manifest-inputs.ts";
import { missingCommandsCases } from "./missing-commands.ts";
import { resizeCases } from "./resize.ts";
import { debugCases, runCases } from "./run-debug.ts";
import { drainCases, waitCases } from "./wait-drain.ts";
import { labelCases } from "./labels.ts";
import { patchReplaceCases } from "./patch-replace.ts";
import { rollbackCases } from "./rollback.ts";
import { rolloutCases } from "./rollouts-and-nodes.ts";
import { setWorkloadCases } from "./set-workloads.ts";

/** The groups about commands that write. */
export const WRITE_GROUPS: readonly CaseGroup[] = [
  applyServerSideCases,
  applySetCases,
  applyFlagCases,
  deleteCases,
  labelCases,
  changesCases,
  createCases,
  createForRealCases,
  filesCases,
  kustomizeApplyCases,
  kustomizeCases,
  manifestInputCases,
  missingCommandsCases,
  resizeCases,
  execCases,
  attachCases,
  cpCases,
  waitCases,
  drainCases,
  runCases,
  debugCases,
  moreLogsCases,
  portForwardCases,
  proxyCases,
  rollbackCases,
  rolloutCases,
  editCases,
  patchReplaceCases,
  setWorkloadCases,
];
