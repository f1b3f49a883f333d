import { saveFile, writeChunks } from "@copse/car/node";
import { type ExportedSnapshot, exportF3Snapshot, importF3Snapshot } from "@copse/f3/snapshot";
import { TipsetKey } from "@copse/types";
import { openF3Input } from "../f3-files/f3-input.ts";
import { tipsetText } from "../f3-files/f3-text.ts";
import { advising, trusting, trustTableOf } from "../f3-files/manifests.ts";
import { openCertificateRepo, withCertificates } from "../f3-files/repo-certificates.ts";
import { verifierThreads } from "../f3-files/verifier-threads.ts";
import { createProgress } from "../progress.ts";
import { countFlag, needed, textFlag } from "./car-input.ts";
import { mayOverwrite, pour, refuseExisting, unlessTaken } from "./car-output.ts";
import type { CommandContext } from "./command.ts";

/** `copse f3 export` */
export function f3Export(context: CommandContext): Promise<number> {
  const { output, signal, terminal } = context;
  const wanted = countFlag(context, "latest", 0, Number.MAX_SAFE_INTEGER);
  return withCertificates(context, async (store) => {
    const latest = wanted ?? store.latest?.instance;
    const file = textFlag(context, "output") ?? `${store.networkName}-${store.first}-${latest}.f3snap`;
    refuseExisting(context, file);
    const progress = createProgress(terminal);
    const snapshot = exportF3Snapshot(store, {
      latest,
      signal,
      onProgress: ({ first, instance, latest: end }) =>
        progress.update("export", instance - first + 1, end - first + 1),
    });
    try {
      if (file === "-") await pour(context, snapshot);
      else {
        const overwrite = mayOverwrite(context);
        await unlessTaken(saveFile(file, (writer) => writeChunks(writer, snapshot, 0, signal), { overwrite }));
      }
    } finally {
      progress.stop();
    }
    tell(context, file, store.networkName, await snapshot.done);
    return 0;
  });

  function tell(to: CommandContext, file: string, network: string, { cid, header, bytes }: ExportedSnapshot): void {
    const { firstInstance: first, latestInstance: last } = header;
    const sentence = `${file}: instances ${first} to ${last} of ${network}, ${bytes} B, ${cid}`;
    if (file === "-") to.output.talk(sentence);
    else output.answer({ file, network, first, latest: last, bytes, cid: cid.toString() }, () => sentence);
  }
}

/** `copse f3 import` */
export async function f3Import(context: CommandContext): Promise<number> {
  const { output, signal, terminal } = context;
  await using input = await openF3Input(context, needed(context, 0));
  await using repo = await openCertificateRepo(context);
  const trust = trusting(context, repo.manifest);
  const progress = createProgress(terminal);
  const started = performance.now();
  await using threads = verifierThreads(context);
  try {
    const imported = importF3Snapshot(input.source, repo.kv, {
      manifest: repo.manifest,
      trustTable: trustTableOf(context),
      check: threads,
      cid: input.cid,
      signal,
      resumable: true,
      onProgress: ({ instance, first, latest, known }) =>
        progress.update("import", instance - first + 1, latest - first + 1, known > 0 ? `${known} known` : ""),
    });
    const done = await advising(imported);
    progress.stop();
    const { store, header, added, verified, resumed } = done;
    const head = store.latest?.chain.at(-1);
    const document = {
      file: input.name,
      repo: repo.dir,
      network: store.networkName,
      rootOfTrust: trust.says,
      cid: done.cid.toString(),
      first: header.firstInstance,
      latest: header.latestInstance,
      added,
      verified,
      resumed,
      stored: store.latest?.instance,
      finalTipset: head && { epoch: head.epoch, cids: TipsetKey.cids(head.key).map(String) },
      seconds: Number(((performance.now() - started) / 1000).toFixed(3)),
    };
    output.answer(document, () =>
      [
        `imported: ${added} certificates of ${store.networkName}; the repository holds ${store.first} to ${document.stored}`,
        `verified: ${verified} now${resumed > 0 ? `, ${resumed} by an import that was stopped` : ""}`,
        `root of trust: ${trust.says}`,
        `final tipset: ${tipsetText(head)}`,
      ].join("\n"),
    );
    return 0;
  } finally {
    progress.stop();
  }
}
