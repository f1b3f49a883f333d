import type { FvmVersion } from "../../src/fvm-version.ts";
import { type ActorText, actor } from "../actors/compile.ts";
import { type TestActor, type TestMachine, type TestOptions, target, testMachine } from "./test-machine.ts";

/** A network version of each generation, and the last. */
export const generations: readonly { readonly networkVersion: number; readonly fvm: FvmVersion }[] = [
  { networkVersion: 17, fvm: 2 },
  { networkVersion: 18, fvm: 3 },
  { networkVersion: 21, fvm: 4 },
  { networkVersion: 28, fvm: 4 },
];

/** Those that came after FVM 2. */
export const laterGenerations: typeof generations = generations.filter(({ fvm }) => fvm > 2);

/** A machine whose target runs a body, or some code. */
export function machineOf(
  { networkVersion, fvm }: (typeof generations)[number],
  text: ActorText | Uint8Array,
  options: Omit<Partial<TestOptions>, "networkVersion" | "actors"> & {
    readonly actors?: Readonly<Record<string, TestActor>>;
    readonly self?: Partial<TestActor>;
  } = {},
): TestMachine {
  const { actors, self, ...rest } = options;
  const code = text instanceof Uint8Array ? text : actor(fvm, text);
  return testMachine({ networkVersion, ...rest, actors: { ...actors, [`${target}`]: { code, ...self } } });
}

/** Numbers of 32 bits, as actors of tests return them. */
export function numbers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4, true));
}
