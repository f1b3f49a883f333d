import { VmError } from "../errors.ts";
import type { GasTrace } from "../gas/trace.ts";
import { parseTrace } from "../gas/trace-json.ts";

/**
 * Reads the reference's charges: a trace of its conformance runner, or one that lies beside a generated vector, of all
 * its messages. The latter's lines are arrays, of which `["msg", at]` begins a message and
 * `["charge", name, compute, other]` counts.
 *
 * @returns the charges of each message; of the runner's form there is one
 * @throws {VmError} `vm/trace-malformed`
 * @example
 * parseVectorTrace('["msg",0]\n["charge","OnSyscall",14000000,0]\n') // => [[{ kind: "charge", … }]]
 */
export function parseVectorTrace(text: string): GasTrace[] {
  if (!text.trimStart().startsWith("[")) return [parseTrace(text)];
  const messages: string[][] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const [kind, name, compute, other] = parseLine(line, at + 1);
    if (kind === "msg") messages.push([]);
    else if (kind === "charge") {
      const last = messages.at(-1);
      if (last === undefined)
        throw new VmError("vm/trace-malformed", { line: at + 1, why: "a charge before a message" });
      last.push(JSON.stringify({ name, compute_gas: compute, other_gas: other }));
    }
  }
  return messages.map((lines) => parseTrace(lines.join("\n")));
}

function parseLine(text: string, line: number): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new VmError("vm/trace-malformed", { line, why: "it is not JSON" }, { cause: error });
  }
  if (Array.isArray(value)) return value;
  throw new VmError("vm/trace-malformed", { line, why: "a list is wanted" });
}
