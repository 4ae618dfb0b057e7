// Every preview of the overlay, compared with golden images (`--update-snapshots` makes new ones) and measured: nothing overlaps,
// nothing leaves the frame.

import { type Page } from "@playwright/test";
import { settled, signIn } from "../stack/pages.ts";
import { expect, test } from "../stack/test.ts";

const previews = [
  "starting-soon", "screen-and-camera", "screen", "camera", "camera-off", "alert", "agent", "match-over", "be-right-back", "reconnecting",
  "ending", "long-words", "long-words-agent", "right-to-left", "emoji-and-cjk", "ten-thousand", "nothing-known",
];
const wide = [1280, 720] as const;
const large = [1920, 1080] as const;
const upright = [720, 1280] as const;

interface Frame {
  preview: string;
  size: readonly [number, number];
  look?: Record<string, string>;
}

const frames: Frame[] = [
  ...previews.map((preview) => ({ preview, size: wide })),
  ...["starting-soon", "screen-and-camera", "agent", "match-over", "alert"].map((preview) => ({ preview, size: wide, look: { theme: "light" } })),
  ...["screen-and-camera", "camera", "agent", "alert", "long-words", "long-words-agent"].map((preview) => ({ preview, size: upright })),
  ...["screen-and-camera", "agent"].map((preview) => ({ preview, size: large })),
  { preview: "screen-and-camera", size: wide, look: { pipCorner: "top-left", pipSize: "large", pipShape: "circle", accent: "teal" } },
  { preview: "long-words", size: wide, look: { pipCorner: "top-right", pipSize: "large", theme: "light", accent: "rose" } },
  { preview: "alert", size: wide, look: { pipCorner: "bottom-left", pipSize: "small", pipShape: "square", pipBorder: "false", accent: "violet", theme: "light" } },
  { preview: "agent", size: wide, look: { accent: "lime" } },
];

const nameOf = ({ preview, size, look }: Frame): string => [preview, size.join("x"), ...Object.values(look ?? {})].join("-");

async function open(page: Page, { preview, size, look }: Frame): Promise<void> {
  await page.setViewportSize({ width: size[0], height: size[1] });
  await page.goto(`/stream/overlay?${new URLSearchParams({ preview, ...look })}`);
  await settled(page);
  await page.evaluate(() => document.fonts.ready);
}

/** What overlaps or leaves the frame. A card that has wrapped out of its column is not visible. */
function faults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const visible = (element: Element): boolean => {
      const [box, column] = [element.getBoundingClientRect(), element.parentElement!.getBoundingClientRect()];
      const wraps = element.matches(".scene-card, .scene-ticker-item");
      return getComputedStyle(element).visibility !== "hidden" && box.width > 0 && (!wraps || (box.left < column.right - 1 && box.top < column.bottom - 1));
    };
    const elements = [...document.querySelectorAll(".scene-info, .scene-score, .scene-stats > div, .scene-card, .scene-alert, .scene-ticker, [data-layout=screen] .scene-webcam, .scene-title, .scene-subtitle")];
    const boxes = elements.filter(visible).map((element) => ({ name: element.className || "stat", box: element.getBoundingClientRect() }));
    const out = boxes.filter(({ box }) => box.left < -0.5 || box.top < -0.5 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5);
    const covered = boxes.flatMap((one, at) =>
      boxes.slice(at + 1).filter(({ box }) => box.left < one.box.right - 0.5 && one.box.left < box.right - 0.5 && box.top < one.box.bottom - 0.5 && one.box.top < box.bottom - 0.5)
        .map((other) => `${one.name} and ${other.name} overlap`));
    return [...out.map(({ name }) => `${name} leaves the frame`), ...covered];
  });
}

test("every preview matches its golden image, without overlaps", async ({ studio, streamer }) => {
  const { page } = streamer;
  await signIn(page, studio.firstSignIn() ?? "");
  const wrong: string[] = [];
  for (const frame of frames) {
    await open(page, frame);
    wrong.push(...(await faults(page)).map((fault) => `${nameOf(frame)}: ${fault}`));
    await expect.soft(page).toHaveScreenshot(`${nameOf(frame)}.png`);
  }
  // Every corner and size, and a frame one pixel smaller than requested.
  for (const pipCorner of ["top-left", "top-right", "bottom-left", "bottom-right"]) {
    for (const pipSize of ["small", "medium", "large"]) {
      for (const size of [[1279, 719], upright] as const) {
        const frame = { preview: "long-words", size, look: { pipCorner, pipSize } };
        await open(page, frame);
        wrong.push(...(await faults(page)).map((fault) => `${nameOf(frame)}: ${fault}`));
      }
    }
  }
  expect(wrong).toEqual([]);
  const unknown = await page.goto("/stream/overlay?preview=nonsense");
  expect(unknown?.status()).toBe(404);
  expect((await page.goto("/stream/overlay?preview=agent&theme=blue"))?.status()).toBe(422);
  await streamer.context.clearCookies();
  expect((await page.goto("/stream/overlay?preview=agent"))?.status()).toBe(401);
});
