import { readFile, writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { parentPort, workerData } from "node:worker_threads";
import { installFastest } from "@copse/crypto/fastest";
import type { ActorBundle } from "../src/bundle/bundle.ts";
import { loadActors } from "../src/bundle/library.node.ts";
import { actorsOfVector, bundleReader } from "../src/conformance/actors.ts";
import { fakedProofs, vectorExterns } from "../src/conformance/faked.ts";
import { type MessageVector, parseVector } from "../src/conformance/vector.ts";
import { VectorStore } from "../src/conformance/vector-store.ts";
import { Engine } from "../src/engine/engine.ts";
import { createMachine } from "../src/machine/create-machine.ts";
import type { Machine } from "../src/machine/machine.ts";
import type { ClassFigures, SteadyAnswer, SteadyTask } from "./steady-task.ts";

/** CPU time of this thread. Unit: ms. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The class of a vector, as the reference's program beside this one tells it: the actor, or the group it was made for. */
function classOf(path: string, text: string, byMethod: boolean): string {
  const group = (JSON.parse(text) as { _meta?: { group?: string } })._meta?.group;
  if (group !== undefined) return group;
  const parts = path.split("/");
  const at = parts.findIndex((part) => part.startsWith("fil_"));
  if (at < 0) return "other";
  const actor = (parts[at] as string).replace(/^fil_\d*_?/, "");
  return byMethod ? `${actor}/${parts[at + 1]}` : actor;
}

interface Held {
  readonly name: string;
  readonly vector: MessageVector;
  readonly bundle: ActorBundle;
}

async function hold(task: SteadyTask): Promise<Held[]> {
  const bundles = new Map<string, Promise<ActorBundle>>();
  const held: Held[] = [];
  for (const path of task.paths) {
    const text = await readFile(path, "utf8");
    const vector = await parseVector(text);
    const { version, network } = actorsOfVector(vector);
    const key = `${version}-${network}`;
    const bundle = bundles.get(key) ?? loadActors(task.actors, version, network);
    bundles.set(key, bundle);
    held.push({ name: classOf(path, text, task.byMethod), vector, bundle: await bundle });
  }
  return held;
}

function open({ vector, bundle }: Held, engine: Engine): Machine {
  return createMachine({
    ...vector,
    timestamp: BigInt(vector.timestamp),
    store: new VectorStore(vector.blocks, bundleReader([bundle])),
    externs: vectorExterns(vector),
    proofs: fakedProofs,
    engine,
  });
}

/** Runs every vector, class by class: a class has at least so many messages, since CPU time is counted in ticks. */
const least = 60;

function round(classes: ReadonlyMap<string, readonly Held[]>, engine: Engine, sums?: Map<string, ClassFigures>): void {
  for (const [name, held] of classes) {
    const copies = sums === undefined ? 1 : Math.ceil(least / held.length);
    const batch = Array.from({ length: copies }, () => held).flat();
    const start = threadMs();
    const machines = batch.map((one) => open(one, engine));
    const opened = threadMs();
    const from = performance.now();
    let gas = 0;
    let messages = 0;
    for (const [at, { vector }] of batch.entries()) {
      for (const { message, kind, rawLength } of vector.messages) {
        gas += Number((machines[at] as Machine).execute(message, { kind, rawLength }).receipt.gasUsed);
        messages++;
      }
    }
    const wall = performance.now() - from;
    const executed = threadMs();
    for (const machine of machines) machine.flush();
    const sum = sums?.get(name) ?? { messages: 0, exec: 0, wall: 0, all: 0, gas: 0 };
    sums?.set(name, {
      messages: sum.messages + messages,
      exec: sum.exec + executed - opened,
      wall: sum.wall + wall,
      all: sum.all + threadMs() - start,
      gas: sum.gas + gas,
    });
  }
}

type Profile = () => Promise<string>;

async function startProfile(): Promise<Profile> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  return async () => JSON.stringify((await session.post("Profiler.stop")).profile);
}

const port = parentPort;
if (port !== null) {
  const task = workerData as SteadyTask;
  await installFastest();
  const classes = Map.groupBy(await hold(task), ({ name }) => name);
  const engine = new Engine();
  const warmUp: number[] = [];
  for (let at = 0; at < task.warmUp; at++) {
    const from = threadMs();
    round(classes, engine);
    warmUp.push(threadMs() - from);
  }
  const sums = new Map<string, ClassFigures>();
  const before = process.cpuUsage();
  const threadBefore = threadMs();
  const profile = task.profile === undefined ? undefined : await startProfile();
  for (let at = 0; at < task.rounds; at++) round(classes, engine, sums);
  if (task.profile !== undefined) await writeFile(task.profile, await (profile as Profile)());
  const { user, system } = process.cpuUsage(before);
  port.postMessage({
    warmUp,
    classes: [...sums],
    processMs: (user + system) / 1000,
    threadMs: threadMs() - threadBefore,
    rss: process.memoryUsage().rss,
  } satisfies SteadyAnswer);
}
