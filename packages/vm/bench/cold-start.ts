// The body of the processes of cold.bench.ts: one vector, its folder of actors, and a folder of modules or nothing. Says
// what the process took until its first receipt, its own start included.
import { VectorThread } from "@copse/vm/node";

const [path = "", actors = "", modules] = process.argv.slice(2);
const thread = new VectorThread({ actors, modules });
const { report } = await thread.run({ path });
const wallMs = performance.now(); // since the process began
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({ outcome: report.outcome, wallMs, cpuMs: (user + system) / 1000, rss: process.memoryUsage().rss }),
);
process.exit(0);
