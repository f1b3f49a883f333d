import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DefaultTheme, defineConfig } from "vitepress";

const docs: string = join(import.meta.dirname, "..");

/** The pages of a shelf, in the order of the `order` in their front matter, titled by their first heading. */
function shelf(folder: string): DefaultTheme.SidebarItem[] {
  return globSync(`${folder}/**/*.md`, { cwd: docs })
    .map((path) => {
      const text = readFileSync(join(docs, path), "utf8");
      return {
        text: /^# (.+)$/m.exec(text)?.[1]?.replaceAll("\\", "") ?? path,
        link: `/${path.replace(/(?:index)?\.md$/, "")}`,
        order: Number(/^order: (\d+)$/m.exec(text)?.[1] ?? 99),
        path,
      };
    })
    .filter(({ path }) => !path.includes(".Namespace."))
    .sort((a, b) => a.order - b.order || (a.text < b.text ? -1 : 1))
    .map(({ text, link }) => ({ text, link }));
}

export default defineConfig({
  title: "Copse",
  description: "Filecoin in TypeScript: packages and a lite node.",
  cleanUrls: true,
  lastUpdated: false,
  srcExclude: ["node_modules/**"],
  vite: { build: { chunkSizeWarningLimit: 2000 } }, // the search index is one chunk
  themeConfig: {
    nav: [
      { text: "Start", link: "/start/" },
      { text: "Guides", link: "/guides/" },
      { text: "How it works", link: "/how-it-works/" },
      { text: "Reference", link: "/reference/" },
    ],
    sidebar: [
      { text: "Start", items: shelf("start") },
      { text: "Guides", items: shelf("guides") },
      { text: "How it works", items: shelf("how-it-works") },
      { text: "Reference", collapsed: true, items: shelf("reference") },
    ],
    search: { provider: "local" },
    outline: [2, 3],
  },
});
