const HEADER = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (?=[\w.]+:\d+\])/gm;
const GATES = /(?:^I envvar\.go.*\n)+/gm;

/** klog's lines without what no two runs share: time, process, durations, dates; and who asks, as kubesim says its own name. */
export function maskLog(stderr: string): string {
  return (
    stderr
      .replace(HEADER, "$1 ")
      // A watch that its own time limit ends at once: whether it counts as short is a matter of milliseconds.
      .replace(/^I reflector\.go:\d+\] "Warning: watch ended with error" .*\n/gm, "")
      // Of a goroutine that the end of the program overtakes, or not.
      .replace(/^I websocket\.go:512\] .*\n/gm, "")
      .replace(/illiseconds=\d+/g, "illiseconds=N")
      .replace(/^\tDate: .*/gm, "\tDate: NOW")
      .replace(/User-Agent: kubectl\/[^"\n]*/g, "User-Agent: kubectl")
      // client-go logs headers of curl and features as its maps give them.
      .replace(
        /(?: -H "[^"\n]*")+/g,
        (flags) =>
          ` ${flags
            .trim()
            .split(/ (?=-H )/)
            .sort()
            .join(" ")}`,
      )
      .replace(GATES, (lines) =>
        lines
          .split(/(?<=\n)/)
          .sort()
          .join(""),
      )
  );
}
