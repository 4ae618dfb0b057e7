/** The oldest browsers that our scripts are written for. */
export const browsers = ["chrome110", "firefox115", "safari16.4"];
