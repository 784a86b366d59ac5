import type { Process } from "../process.ts";
import { nameOf, parseFlags } from "./support.ts";

/** ip addr, ip route, ip link; ifconfig. */
export async function ipProgram(process: Process): Promise<number> {
  const words = process.args.filter((arg) => !arg.startsWith("-"));
  const object = nameOf(process) === "ifconfig" ? "ifconfig" : (words[0] ?? "");
  const { interfaces, routes } = process.network;
  if (object === "ifconfig") {
    await process.print(
      interfaces
        .map(
          ({ name, ip, mac }) =>
            `${name.padEnd(10)}Link encap:${name === "lo" ? "Local Loopback" : `Ethernet  HWaddr ${mac.toUpperCase()}`}\n          inet addr:${ip}\n          UP ${name === "lo" ? "LOOPBACK " : "BROADCAST "}RUNNING  MTU:${name === "lo" ? 65536 : 1500}  Metric:1\n\n`,
        )
        .join(""),
    );
  } else if (/^a(d(d(r(ess)?)?)?)?$/.test(object) || /^l(i(n(k)?)?)?$/.test(object)) {
    const addresses = object.startsWith("a");
    const only = words.includes("dev") ? words[words.indexOf("dev") + 1] : words[2];
    for (const [index, { name, ip, prefix, mac }] of interfaces.entries()) {
      if (only !== undefined && only !== name) continue;
      const loopback = name === "lo";
      const suffix =
        loopback || (process.network.host && name === "eth0" && !name.includes("@")) ? "" : name.startsWith("veth") ? "@if2" : "@if3";
      await process.print(
        `${index + 1}: ${name}${suffix}: <${loopback ? "LOOPBACK" : "BROADCAST,MULTICAST"},UP,LOWER_UP> mtu ${loopback ? 65536 : 1500} qdisc noqueue state ${loopback ? "UNKNOWN" : "UP"} group default qlen 1000\n    link/${loopback ? "loopback" : "ether"} ${mac} brd ${loopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff"}\n`,
      );
      if (addresses)
        await process.print(
          `    inet ${ip}/${prefix} scope ${loopback ? "host" : "global"} ${name}\n       valid_lft forever preferred_lft forever\n`,
        );
    }
  } else if (/^r(o(u(t(e)?)?)?)?$/.test(object)) {
    await process.print(
      routes
        .map(
          ({ destination, via, device, source }) =>
            `${destination}${via ? ` via ${via}` : ""} dev ${device}${source ? `${via ? "" : " scope link"} src ${source}` : via ? "" : " scope host"}\n`,
        )
        .join(""),
    );
  } else {
    await process.printError("Usage: ip [OPTIONS] address|route|link\n");
    return 1;
  }
  return 0;
}

export async function netstat(process: Process): Promise<number> {
  const { on } = parseFlags(process.args);
  const rows = [...process.network.listeners()]
    .sort((a, b) => a.port - b.port)
    .map(({ address, port, protocol }) => {
      const any = address === "0.0.0.0" || address === "::";
      return (
        `${any ? "tcp6" : "tcp"}`.replace("tcp", protocol.toLowerCase()).padEnd(6) +
        `     0      0 ${`${any ? "::" : address}:${port}`.padEnd(23)} ${(any ? ":::*" : "0.0.0.0:*").padEnd(23)} LISTEN      ${on.has("p") ? "-" : ""}`.trimEnd()
      );
    });
  await process.print(
    `Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       ${on.has("p") ? "PID/Program name    " : ""}\n${rows.map((row) => `${row}\n`).join("")}`,
  );
  return 0;
}
