/** The oldest browsers that our scripts are written for. Safari 16.4 is the first with static blocks: without them esbuild writes
 * static arrows of the room's library with the wrong `this`. */
export const browsers = ["chrome110", "firefox115", "safari16.4"];
