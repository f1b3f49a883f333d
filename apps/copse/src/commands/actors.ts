import { basename, join } from "node:path";
import { installFastest } from "@copse/crypto/fastest";
import { toCid } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { type BundlePin, bundlePins } from "@copse/vm/bundles";
import { importBundles, keepBundle, listActorFiles, openBundles, type StoredBundle } from "@copse/vm/node";
import { NodeError } from "../errors.ts";
import { exitCodeOf } from "../exit-codes.ts";
import { errorFacts } from "../output.ts";
import { createProgress } from "../progress.ts";
import { actorsFolder, actorsOption } from "../vm/actors-folder.ts";
import { download } from "../vm/download.ts";
import { needed, textFlag } from "./car-input.ts";
import type { CommandContext, CommandSpec } from "./command.ts";

const releases = "https://github.com/filecoin-project/builtin-actors/releases/download";
/** Eight times what the largest bundle has. Unit: bytes. */
const largestDownload = 64 << 20;
const silenceLimitMs = 60_000;

/** `copse actors …` */
export const actorsCommands: readonly CommandSpec[] = [
  {
    name: "list",
    says: "List the bundles of built-in actors on this machine, and whether they are published ones",
    options: [
      actorsOption,
      { form: "--verify", says: "check every hash: else roots are what the files say of themselves" },
    ],
    examples: ["copse actors list", "copse actors list --verify --json"],
    run: list,
  },
  {
    name: "import",
    says: "Take a file of bundles in: a .car, .car.zst or .tar.zst, or a folder of .car files; all hashes are checked",
    takes: [{ form: "<file>", says: "as in build/actors of lotus, or from a release of builtin-actors" }],
    options: [
      actorsOption,
      { form: "--unknown", says: "take bundles too that nobody has published" },
      { form: "--as <version>", says: "version of the actors, where it is not to be told: v19" },
    ],
    examples: ["copse actors import lotus/build/actors/v18.tar.zst", "copse actors import my.car --unknown --as v18"],
    run: take,
  },
  {
    name: "fetch",
    says: "Download a bundle from the public releases of builtin-actors; its root must be the published one",
    takes: [{ form: "<version>", says: "version of the actors, as 18, or a release, as v18.0.0" }],
    options: [
      actorsOption,
      { form: "--network <name>", says: "mainnet (the default), calibrationnet, butterflynet, devnet, testing, …" },
      { form: "--from <url>", says: `folder of the releases (default: ${releases})` },
    ],
    examples: ["copse actors fetch 18", "copse actors fetch v16.0.0 --network calibrationnet"],
    run: fetchBundle,
  },
];

async function list(context: CommandContext): Promise<number> {
  await installFastest();
  const folder = actorsFolder(context);
  const verify = context.flags["verify"] === true;
  const paths = await listActorFiles(folder);
  const progress = createProgress(context.terminal);
  let code = 0;
  for (const [done, path] of paths.entries()) {
    progress.update("list", done, paths.length, basename(path));
    try {
      for await (const found of openBundles(path, { signal: context.signal, verify })) show(context, found);
    } catch (error) {
      if (!isCopseError(error) || error.code === "host/aborted") throw error;
      code ||= exitCodeOf(error); // the others are listed all the same
      context.output.event("error", { path, ...errorFacts(error) }, `${path}: ${error.message}`);
    }
  }
  progress.stop();
  if (paths.length === 0) context.output.talk(`no bundles in ${folder}: "copse actors fetch 18" brings one`);
  return code;
}

async function take(context: CommandContext): Promise<number> {
  await installFastest();
  const as = textFlag(context, "as");
  const version = as === undefined ? undefined : parseVersion("--as", as).version;
  const allowUnknown = context.flags["unknown"] === true;
  const { signal } = context;
  const options = { signal, version, allowUnknown };
  for (const kept of await importBundles(needed(context, 0), actorsFolder(context), options)) show(context, kept);
  return 0;
}

async function fetchBundle(context: CommandContext): Promise<number> {
  await installFastest();
  const { version, release } = parseVersion("argument", needed(context, 0));
  const network = textFlag(context, "network") ?? "mainnet";
  const pins = bundlePins.filter((pin) => pin.network === network && pin.versions.includes(version));
  const pin = release === undefined ? pins[0] : (pins.find((one) => one.release === release) ?? pins[0]);
  const tag = release ?? pin?.release;
  if (pin === undefined || tag === undefined) {
    throw new NodeError("copse/absent", { what: `known release of actors v${version} for ${network}` });
  }
  const base = (textFlag(context, "from") ?? releases).replace(/\/$/, "");
  const url = `${base}/${encodeURIComponent(tag)}/builtin-actors-${network}.car`;
  const progress = createProgress(context.terminal);
  const onProgress = (done: number, total: number): void => progress.update("fetch", done, total || done, "B");
  const { signal } = context;
  const car = await download(url, { signal, limit: largestDownload, silenceLimitMs, onProgress }).finally(() =>
    progress.stop(),
  );
  const path = await keepBundle(actorsFolder(context), version, network, car);
  for await (const found of openBundles(path, { verify: false })) show(context, found);
  return 0;
}

function show({ output }: CommandContext, { path, file, isArchived, bundle, pin }: StoredBundle): void {
  const root = toCid(bundle.root).toString();
  const { network = "unknown network" } = bundle;
  const versions = versionsOf(path, pin);
  const facts = { versions, network: bundle.network, root, known: pin !== undefined, release: pin?.release, path };
  const version = versions.length === 0 ? "v?" : `v${versions.join("/")}`;
  const known = pin === undefined ? "unknown" : (pin.release ?? "known");
  const place = isArchived ? join(path, file) : path;
  output.answer({ ...facts, file }, () => `${version} ${network} ${root} ${known} ${place}`);
}

/** What the file stands for, by its name or its folder's; else all that the bundle is published as. */
function versionsOf(path: string, pin: BundlePin | undefined): readonly number[] {
  const named = /(?:^|[\\/])v(\d{1,4})(?:[.-][^\\/]*|[\\/][^\\/]*)$/.exec(path)?.[1];
  return named === undefined ? (pin?.versions ?? []) : [Number(named)];
}

function parseVersion(option: string, value: string): { readonly version: number; readonly release?: string } {
  const match = /^v?(\d{1,4})((?:\.\d+){2}[\w.-]*)?$/.exec(value);
  if (match === null) {
    const expected = "a version of the actors, such as 18, v18 or v18.0.0";
    throw new NodeError("copse/option-malformed", { option, value, expected });
  }
  const version = Number(match[1]);
  return match[2] === undefined ? { version } : { version, release: `v${version}${match[2]}` };
}
