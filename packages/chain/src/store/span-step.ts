import type { LinkedTipset } from "../link/link-types.ts";
import type { Assurance } from "./assurance.ts";
import type { ChainReader } from "./chain-reader.ts";
import type { Span, TipsetRef } from "./span.ts";

/** What a commit looks at. */
export interface ChainState {
  readonly reader: ChainReader;
  readonly spans: ReadonlyMap<number, Span>;
  readonly assurance: Assurance;
  readonly checkpoint: TipsetRef | undefined;
  readonly forkLimit: number;
}

/** What storing a run changes beside rows. */
export interface SpanStep {
  /** The span after the run; absent when it lost against the older one it met, or was part of it from the start. */
  readonly span: Span | undefined;
  /** The older span it met. It is part of `span` now, or where that is absent, it stays as it is. */
  readonly met: Span | undefined;
  readonly assurance: Assurance;
  /** Tipsets that are canonical no more, newest first: the older span went on differently above the meeting point. */
  readonly reverted: readonly TipsetRef[];
}

/** A run sorted by where its tipsets go. */
export interface Placed {
  /** The span as it is with the run below it. */
  readonly grown: Span;
  /** Above every older span. */
  readonly canonical: readonly LinkedTipset[];
  /** Beside the stretch of the older span. */
  readonly beside: readonly LinkedTipset[];
}
