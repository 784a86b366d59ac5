/** `--vmodule=round_trippers=6,load*=6`: levels of logging for files by their names. Upstream: k8s.io/klog/v2 moduleSpec */
export function parseModuleSpec(value: string): [RegExp, number][] {
  return value
    .split(",")
    .filter((part) => part !== "")
    .map((part) => {
      const [pattern = "", level = "", ...more] = part.split("=");
      if (pattern === "" || !/^-?\d+$/.test(level) || more.length > 0)
        throw new Error("syntax error: expect comma-separated list of filename=N");
      if (Number(level) < 0) throw new Error("negative value for vmodule level");
      return [
        new RegExp(
          `^${pattern
            .replace(/[.+^${}()|[\]\\]/g, "\\$&")
            .replaceAll("*", ".*")
            .replaceAll("?", ".")}$`,
        ),
        Number(level),
      ];
    });
}
