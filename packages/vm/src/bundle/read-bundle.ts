import { type ByteSource, type CarBlock, readCar } from "@copse/car";
import { plainBytes } from "@copse/car/zstd";
import { type AbortOptions, assertNotAborted, concatBytes } from "@copse/primitives";
import { VmError } from "../errors.ts";
import { type ActorBundle, type BundleLimits, bundleOf, defaultBundleLimits, networkOfName } from "./bundle.ts";
import { isTar, tarFiles, tarHeadBytes } from "./tar-files.ts";

/** How bundles are read. */
export interface BundleOptions extends AbortOptions {
  /** What the source is called in errors; of a lone CAR its network is told by it too. */
  readonly file?: string | undefined;
  /** Of an archive, only the bundles of this network; the others are not even hashed. */
  readonly network?: string | undefined;
  /** Checks each block against the hash in its CID; on unless set to `false`, which only suits a look at what is there. */
  readonly verify?: boolean | undefined;
  readonly limits?: Partial<BundleLimits> | undefined;
}

/** A bundle, and the name its file has. */
export interface NamedBundle {
  readonly file: string;
  /** Whether it lay in an archive. */
  readonly isArchived: boolean;
  readonly bundle: ActorBundle;
}

/**
 * Reads the only bundle of a source: a `.car` or `.car.zst`, or an archive (`.tar`, `.tar.zst`) in which one bundle is of
 * the wanted network, such as lotus has in `build/actors`. What the source is, is told by its bytes.
 *
 * Every block is checked against its CID. Memory: the bundle, and a chunk.
 *
 * @throws {VmError} `vm/bundle-malformed`, `vm/bundle-too-long`, `vm/bundle-archive-malformed`, `vm/bundle-absent`
 * @throws {CarError} for what is no CAR, or not what its CIDs say
 * @throws {HostFault} `host/aborted`
 * @example
 * const bundle = await readBundle(bytes, { network: "mainnet" });
 */
export async function readBundle(source: ByteSource, options: BundleOptions = {}): Promise<ActorBundle> {
  const { file = "the bundle", network } = options;
  for await (const { bundle } of readBundles(source, options)) return bundle;
  throw new VmError("vm/bundle-absent", { where: file, wanted: `of ${network ?? "any network"}` });
}

/**
 * The bundles of a source, one after another: of an archive those whose name ends in `.car`.
 *
 * @throws as {@link readBundle}, in the loop
 * @example
 * for await (const { file, bundle } of readBundles(archive)) console.log(file, toCid(bundle.root).toString());
 */
export async function* readBundles(source: ByteSource, options: BundleOptions = {}): AsyncGenerator<NamedBundle> {
  const { file = "the bundle", network } = options;
  const limits = { ...defaultBundleLimits, ...options.limits };
  const plain = bounded(plainBytes(source), file, "B of archive", limits.archiveBytes, options);
  const { head, all } = await peek(plain, tarHeadBytes);
  try {
    if (!isTar(head)) {
      const bundle = await readOne(file, all, limits, options);
      if (network === undefined || bundle.network === undefined || bundle.network === network)
        yield { file, bundle, isArchived: false };
      return;
    }
    let files = 0;
    for await (const { name, chunks } of tarFiles(all)) {
      if (++files > limits.files) {
        throw new VmError("vm/bundle-too-long", { file, what: "files", limit: limits.files });
      }
      if (!name.endsWith(".car")) continue;
      if (network !== undefined && networkOfName(name) !== network) continue;
      yield { file: name, isArchived: true, bundle: await readOne(name, chunks, limits, options) };
    }
  } finally {
    await plain.return(undefined);
  }
}

async function readOne(
  file: string,
  source: AsyncIterable<Uint8Array>,
  limits: BundleLimits,
  { signal, verify }: BundleOptions,
): Promise<ActorBundle> {
  const car = await readCar(bounded(source, file, "B of file", limits.bytes, { signal }), {
    signal,
    verify,
    limits: { sectionBytes: limits.blockBytes, headerBytes: 1 << 16, roots: 16 },
  });
  const blocks: CarBlock[] = [];
  for await (const block of car.blocks) {
    if (blocks.push(block) > limits.blocks) {
      throw new VmError("vm/bundle-too-long", { file, what: "blocks", limit: limits.blocks });
    }
  }
  return bundleOf(file, car.roots, blocks);
}

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  file: string,
  what: "B of file" | "B of archive",
  limit: number,
  { signal }: AbortOptions,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  for await (const chunk of source) {
    assertNotAborted(signal);
    read += chunk.length;
    if (read > limit) throw new VmError("vm/bundle-too-long", { file, what, limit });
    yield chunk;
  }
}

/** The first bytes of a stream, as many as there are up to a length, and the whole of it. */
async function peek(
  source: AsyncGenerator<Uint8Array>,
  length: number,
): Promise<{ readonly head: Uint8Array; readonly all: AsyncIterable<Uint8Array> }> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < length) {
    const next = await source.next();
    if (next.done === true) break;
    head = concatBytes(head, next.value);
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    yield* source;
  }
  return { head, all: all() };
}
