import type { CaseGroup } from "../case.ts";

export const getCases: CaseGroup = {
  name: "get",
  mode: "read",
  cases: ["get po", "get po -o wide", "get all", "get no -o wide"],
};
