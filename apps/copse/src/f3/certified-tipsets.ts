import type { ChainStore, HeightRange } from "@copse/chain";
import { decodeCertificate, type FinalityCertificate } from "@copse/f3";
import type { CertificateStore } from "@copse/f3/store";
import { TipsetKey } from "@copse/types";
import type { Certified, CertifiedTipset } from "../sync/certified.ts";
import { headOf } from "./certificates.ts";

/** Epochs between tipsets that spans are opened below: what one request of chain exchange gives. */
const spanLength = 900;
/** Spans open at once, those that wait for their turn with them: each is looked at with every window. */
const mostSpans = 16;

/** What finding certified tipsets may touch. */
export interface CertifiedNeeds {
  readonly store: Pick<ChainStore, "spans" | "assurance" | "openSpan">;
  /** Undefined until the trusted table is at hand. */
  readonly certificates: () => Pick<CertificateStore, "first" | "latest" | "get"> | undefined;
  /** Lowest height to assemble to. */
  readonly to: number;
  readonly spanLength?: number;
  readonly mostSpans?: number;
}

/**
 * The tipsets that certificates name, as places to begin walks from: one about every 900 epochs, from the newest down, a
 * few open at a time. Each is one request to a peer, and they are independent until they meet.
 */
export class CertifiedTipsets implements Certified {
  readonly #needs: CertifiedNeeds;
  /** The newest certificate, and the tipset it ends in. */
  #latest: FinalityCertificate | undefined;
  #newest: CertifiedTipset | undefined;
  /** Tipsets spans were opened for, by key; and the heights of these and of the next, falling. */
  readonly #opened = new Map<string, number>();
  #heights: number[] = [];
  /** The next to open a span for. */
  #upcoming: CertifiedTipset | undefined;
  /** The one after it is this far down or lower; undefined: below the newest. */
  #next: number | undefined;

  constructor(needs: CertifiedNeeds) {
    this.#needs = needs;
  }

  get newest(): CertifiedTipset | undefined {
    const latest = this.#needs.certificates()?.latest;
    if (latest !== this.#latest) {
      this.#latest = latest;
      this.#newest = latest && headOf(latest);
    }
    const head = this.#newest;
    return head !== undefined && head.height > this.#needs.to ? head : undefined;
  }

  heightOf(key: TipsetKey): number | undefined {
    const { newest } = this;
    if (newest !== undefined && TipsetKey.equals(newest.key, key)) return newest.height;
    return this.#opened.get(TipsetKey.key(key));
  }

  below(height: number): number {
    const { newest } = this;
    if (newest !== undefined && newest.height < height) return newest.height;
    return this.#heights.find((it) => it < height) ?? -1;
  }

  /** Begins again from the newest: there are further certificates, or spans of before are gone. */
  restart(): void {
    this.#next = undefined;
    this.#upcoming = undefined;
  }

  async openSpans(): Promise<void> {
    const { store, mostSpans: most = mostSpans } = this.#needs;
    for (;;) {
      // one more than may be open is looked up: the lowest span ends above it
      if (this.#upcoming !== undefined && this.#linkedAt(this.#upcoming.height) !== undefined)
        this.#upcoming = undefined;
      this.#upcoming ??= await this.#find();
      if (this.#upcoming === undefined) return;
      if (store.spans.filter(({ reachedGenesis }) => !reachedGenesis).length >= most) return;
      const { key, height } = this.#upcoming;
      this.#opened.set(TipsetKey.key(key), height);
      await store.openSpan({ key });
      this.#upcoming = undefined;
    }
  }

  /** The next tipset down to begin a span with. */
  async #find(): Promise<CertifiedTipset | undefined> {
    const { to, spanLength: length = spanLength } = this.#needs;
    const top = this.newest?.height;
    if (top === undefined) return undefined;
    this.#next ??= top - length;
    while (this.#next > to) {
      const linked = this.#linkedAt(this.#next);
      if (linked !== undefined) {
        this.#next = linked.from - length; // what is linked has its own way down
        continue;
      }
      const found = await this.at(this.#next);
      this.#next = found === undefined ? -1 : found.height - length; // no certificate goes further back
      if (found === undefined || found.height <= to) return undefined;
      this.#heights = [...new Set([...this.#heights, found.height])].toSorted((a, b) => b - a);
      return found;
    }
    return undefined;
  }

  #linkedAt(height: number): HeightRange | undefined {
    return this.#needs.store.assurance.linked.find(({ from, to }) => from <= height && height <= to);
  }

  /**
   * The highest tipset at or below an epoch that ends a certificate's chain, or begins the first. Cost: a certificate read
   * for each halving of their number.
   */
  async at(epoch: number): Promise<CertifiedTipset | undefined> {
    const certificates = this.#needs.certificates();
    const last = certificates?.latest?.instance;
    if (certificates === undefined || last === undefined) return undefined;
    const read = async (instance: number): Promise<FinalityCertificate | undefined> => {
      const bytes = await certificates.get(instance);
      return bytes && decodeCertificate(bytes);
    };
    let low = certificates.first;
    let high = last;
    let best: CertifiedTipset | undefined;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const certificate = await read(middle);
      const head = certificate && headOf(certificate);
      if (head === undefined) return best;
      if (head.height <= epoch) {
        best = head;
        low = middle + 1;
      } else high = middle - 1;
    }
    if (best !== undefined) return best;
    const base = (await read(certificates.first))?.chain[0];
    return base !== undefined && base.epoch <= epoch ? { key: base.key, height: base.epoch } : undefined;
  }
}
