//! The pages the tests capture.

const MOVING: &str = "<!doctype html><body style='margin:0;background:#204060'><canvas id=c width=640 height=360></canvas><script>
let n = 0; const x = c.getContext('2d');
function draw() { n++; x.fillStyle = `hsl(${n % 360},70%,40%)`; x.fillRect(0, 0, 640, 360); x.fillStyle = '#fff'; x.fillRect(n * 5 % 600, 100, 40, 40); requestAnimationFrame(draw); }
draw();
const a = new AudioContext(), o = a.createOscillator(), g = a.createGain(); g.gain.value = .2; o.connect(g).connect(a.destination); o.start();
";

pub fn of(name: &str) -> Option<String> {
    let moving = |more: &str| format!("{MOVING}{more}</script>");
    Some(match name {
        "page.html" => moving("console.log('START_RECORDING')"),
        "silent.html" => "<!doctype html><h1>no sound</h1><script>console.log('START_RECORDING')</script>".to_owned(),
        "pageend.html" => moving("console.log('START_RECORDING'); setTimeout(() => console.log('END_RECORDING'), 4000)"),
        "pageerror.html" => "<div class=error>boom: no token</div>".to_owned(),
        "nosignal.html" => moving(""),
        // Draws while one thread per core spins.
        "busy.html" => moving(
            "for (let i = 0; i < navigator.hardwareConcurrency; i++) new Worker(URL.createObjectURL(new Blob(['for (;;) {}'])));
            console.log('START_RECORDING')",
        ),
        // Navigates away while on air.
        "leaves.html" => moving("console.log('START_RECORDING'); setTimeout(() => { location = 'http://127.0.0.1:1/elsewhere' }, 2000)"),
        "closes.html" => moving("console.log('START_RECORDING'); setTimeout(() => close(), 1000)"),
        "reloads.html" => moving("console.log('START_RECORDING'); setTimeout(() => location.reload(), 1500)"),
        "frozen.html" => moving("console.log('START_RECORDING'); setTimeout(() => { for (;;) {} }, 3000)"),
        "pushy.html" => moving(
            "alert('one'); confirm('two'); window.open('/page.html'); navigator.geolocation.getCurrentPosition(() => 0, () => 0);
            window.Notification?.requestPermission(); const d = document.createElement('a'); d.href = 'data:application/octet-stream,x'; d.download = 'x.bin'; d.click();
            console.log('START_RECORDING')",
        ),
        // Red and silent, but every 1.2 s white with a beep for 200 ms: for measuring how far sound and picture are apart.
        "clap.html" => "<!doctype html><body style='margin:0;background:#000'><script>
            const a = new AudioContext(), o = a.createOscillator(), g = a.createGain(); o.frequency.value = 1000; g.gain.value = 0; o.connect(g).connect(a.destination); o.start();
            let on = false;
            function draw() { const now = performance.now() % 1200 < 200; if (now !== on) { on = now; document.body.style.background = on ? '#fff' : '#000'; g.gain.setValueAtTime(on ? .8 : 0, a.currentTime); } requestAnimationFrame(draw); }
            draw(); console.log('START_RECORDING')</script>"
            .to_owned(),
        // The frame number as eight black or white blocks.
        "counter.html" => "<!doctype html><body style='margin:0;background:#222'><canvas id=c width=640 height=360></canvas><script>
            let n = 0; const x = c.getContext('2d');
            function draw() { n++; for (let i = 0; i < 8; i++) { x.fillStyle = n >> i & 1 ? '#fff' : '#000'; x.fillRect(i * 80, 0, 80, 360); } requestAnimationFrame(draw); }
            draw(); console.log('START_RECORDING')</script>"
            .to_owned(),
        // Sends requests to another server on this machine; its port is in the name.
        name => {
            let port = name.strip_prefix("nosy-")?;
            moving(&format!(
                "new Image().src = 'http://127.0.0.1:{port}/image'; fetch('http://127.0.0.1:{port}/fetch', {{ mode: 'no-cors', method: 'POST' }}).catch(() => 0);
                const f = document.createElement('iframe'); f.src = 'http://127.0.0.1:{port}/frame'; document.body.append(f); navigator.sendBeacon('http://127.0.0.1:{port}/beacon', 'x');
                console.log('START_RECORDING')"
            ))
        }
    })
}
