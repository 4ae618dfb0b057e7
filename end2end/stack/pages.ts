// Page objects: how specs find things on pages.

import { expect, type Locator, type Page } from "@playwright/test";

export class SignUp {
  constructor(private readonly page: Page) {}

  async as(name: string, password: string): Promise<void> {
    await this.page.goto("/sign-up");
    await settled(this.page);
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: /^Create account$/ }).click();
    await expect(this.page).not.toHaveURL(/sign-up/);
  }
}

export interface Destination {
  /** `custom` if absent. */
  platform?: string;
  /** Absent for platforms with a fixed address. */
  address?: string;
  key: string;
  title: string;
}

export class GoLive {
  constructor(private readonly page: Page) {}

  /** The on-air light while the stream is on air. */
  get light(): Locator {
    return this.page.getByRole("status").filter({ hasText: /ON AIR|REHEARSAL/ });
  }

  /** The on-air light in any state. */
  get sign(): Locator {
    return this.page.locator("p.on-air-light");
  }

  async open(): Promise<void> {
    await this.page.goto("/go-live");
    await settled(this.page);
    // The camera's preview plays: the browser's devices are open.
    await expect
      .poll(() => this.page.evaluate(() => [...document.querySelectorAll("video")].some((video) => video.videoWidth > 0 && !video.paused)))
      .toBe(true);
  }

  async shareScreen(): Promise<void> {
    await this.page.getByRole("button", { name: "Share screen" }).click();
    await expect.poll(() => this.page.evaluate(() => [...document.querySelectorAll("video")].filter((video) => video.videoWidth > 0).length)).toBeGreaterThan(1);
  }

  async fill(destination: Destination): Promise<void> {
    await this.page.getByRole("button", { name: "Add a destination" }).click();
    await this.page.getByLabel("Platform").last().selectOption(destination.platform ?? "custom");
    if (destination.address !== undefined) await this.page.getByLabel("Server address").last().fill(destination.address);
    await this.page.getByLabel("Stream key").last().fill(destination.key);
    await this.page.getByLabel("Title").fill(destination.title);
  }

  private get button(): Locator {
    return this.page.getByRole("button", { name: /^Go live/ });
  }

  /** The checks are done: a click starts the stream. */
  async ready(): Promise<void> {
    await expect(this.button).toBeEnabled();
  }

  async start(): Promise<void> {
    await this.ready();
    await this.button.click();
  }

  /** A rehearsal, until it is recorded. */
  async rehearse(): Promise<void> {
    await this.page.getByLabel(/^Rehearsal/).check();
    const button = this.page.getByRole("button", { name: "Start rehearsal" });
    await expect(button).toBeEnabled();
    await button.click();
    await expect(this.light).toContainText("REHEARSAL", { timeout: 45_000 });
  }

  async mute(): Promise<void> {
    await this.page.getByRole("button", { name: "Mute", exact: true }).click();
  }

  async cameraOff(): Promise<void> {
    await this.page.getByRole("button", { name: "Camera off" }).click();
  }

  async end(): Promise<void> {
    await this.page.getByRole("button", { name: "End stream" }).click();
    await this.page.getByRole("dialog").getByRole("button", { name: "End stream" }).click();
    await expect(this.page.getByRole("heading", { name: "Stream ended" })).toBeVisible({ timeout: 30_000 });
  }

  /** The page's message about a refused destination. */
  get refusal(): Locator {
    return this.page.getByText(/refused/i).first();
  }
}

/** Uses a one-time link. */
export async function signIn(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await settled(page);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await expect(page).not.toHaveURL(/sign-in/);
}

/** Waits until the page is hydrated and reacts to clicks. A page without a program is ready at once. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator('html[data-hydrated], html:not(:has(head > script[type="module"])):has(body > *)')).toBeAttached();
}
