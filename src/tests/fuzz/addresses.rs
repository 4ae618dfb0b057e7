//! Addresses of destinations and the list of private ones that are allowed: what is taken is public, prints, and reads back as the same.

use super::runner::run;
use footlight::domain::address::{AllowList, IngestTarget, check_address, is_public};

#[test]
fn destinations() {
    run("addresses", 80_000, |input| {
        let text = String::from_utf8_lossy(input);
        // A key may have been pasted behind the host: messages never repeat it.
        if text.contains("://")
            && let Err(refused) = check_address(&format!("{text}/canary-0123"), &AllowList::default())
        {
            assert!(!refused.to_string().contains("canary-0123"), "{refused}");
        }
        match check_address(&text, &AllowList::default()) {
            Ok(target) => {
                assert!(target.ip().is_none_or(is_public), "{target:?}");
                assert!(target.port > 0 && !target.application.is_empty(), "{target:?}");
                assert!(target.application.len() <= text.len().max(3), "{target:?}");
                let printed = target.url();
                // An IPv6 address may be longer in its one spelling.
                if printed.len() <= 1024 {
                    assert_eq!(check_address(&printed, &AllowList::default()).as_ref(), Ok(&target), "{printed}");
                    assert_eq!(IngestTarget::host_in(&printed).trim_matches(['[', ']']), target.host, "{printed}");
                }
            }
            Err(refused) => {
                let message = refused.to_string();
                assert!(message.contains("address") || message.contains("network") || message.contains("operator"), "{message}");
            }
        }
    });
}

#[test]
fn allow_lists() {
    run("allow_lists", 80_000, |input| {
        let text = String::from_utf8_lossy(input);
        let Ok(list) = text.parse::<AllowList>() else { return };
        let printed = list.to_string();
        assert_eq!(printed.parse::<AllowList>().as_ref(), Ok(&list), "{printed}");
    });
}
