/* What is new to this person: counted in the page's title, and told on the desktop where they want it.

   #news[data-news]   the conversations: [{"name", "url", "at"}]; data-one, data-several: the words
   #heard             says to a screen reader what came, once in each tab
   #bell, #sound      turn the desktop's notifications and a sound on and off, for this browser */

const TOLD = `told:${document.body.dataset.user}`; // conversation's address -> its last message
const TOLD_KEPT = 100;
const HEARD = `heard:${document.body.dataset.user}`; // the same, of this tab
const bell = document.getElementById("bell");
const canTell = "Notification" in window && "locks" in navigator && matchMedia("(hover: hover)").matches;

const sound = document.getElementById("sound");
const canSound = "AudioContext" in window && "locks" in navigator;

const news = () => JSON.parse(document.getElementById("news").dataset.news);
const isOn = () => localStorage.getItem("notifications") === "on" && Notification.permission === "granted";
const isLoud = () => localStorage.getItem("sound") === "on";

let prefix = "";

function showCount() {
  const title = document.title.startsWith(prefix) ? document.title.slice(prefix.length) : document.title;
  const count = news().length;
  prefix = count ? `(${count}) ` : "";
  if (document.title !== prefix + title) document.title = prefix + title;
}

/* What nobody was told of yet. Tabs take turns: each thing is told once. */
function takeFresh() {
  return navigator.locks.request("told", () => {
    const told = JSON.parse(localStorage.getItem(TOLD) ?? "{}");
    const fresh = news().filter(({ url, at }) => !(told[url] >= at));
    for (const { url, at } of fresh) {
      delete told[url];
      told[url] = at;
    }
    const kept = Object.entries(told).slice(-TOLD_KEPT);
    localStorage.setItem(TOLD, JSON.stringify(Object.fromEntries(kept)));
    return fresh;
  });
}

/* A title, and what stands below it. */
function inWords(fresh) {
  const { one, several } = document.getElementById("news").dataset;
  if (fresh.length === 1) return [fresh[0].name, one];
  return [several.replace("{n}", fresh.length), fresh.map(({ name }) => name).join(", ")];
}

function say() {
  const heard = JSON.parse(sessionStorage.getItem(HEARD) ?? "{}");
  const fresh = news().filter(({ url, at }) => !(heard[url] >= at));
  if (!fresh.length) return;
  const all = Object.fromEntries(news().map(({ url, at }) => [url, at]));
  sessionStorage.setItem(HEARD, JSON.stringify(all));
  document.getElementById("heard").textContent = inWords(fresh).join(": ");
}

async function tell() {
  const notifies = canTell && isOn();
  const sounds = canSound && isLoud();
  if (!(notifies || sounds) || !news().length) return;
  const fresh = await takeFresh();
  if (!fresh.length) return;
  if (sounds) chime();
  if (notifies) notify(fresh);
}

function notify(fresh) {
  const [title, body] = inWords(fresh);
  const told = new Notification(title, { body, icon: document.querySelector("link[rel=icon]").href });
  told.onclick = () => {
    told.close();
    window.focus();
    location.assign(fresh.length === 1 ? fresh[0].url : "/inbox/");
  };
}

/* Two short tones, made here: there is no file to load. */
function chime() {
  const context = new AudioContext();
  const volume = new GainNode(context, { gain: 0.1 });
  volume.connect(context.destination);
  for (const [place, frequency] of [660, 880].entries()) {
    const tone = new OscillatorNode(context, { frequency });
    const begin = context.currentTime + place * 0.12;
    tone.connect(volume);
    tone.start(begin);
    tone.stop(begin + 0.1);
    tone.onended = () => place && context.close();
  }
}

function look() {
  showCount();
  say();
  tell();
}

look();
document.addEventListener("htmx:afterSettle", look);

function showBell() {
  bell.hidden = false;
  bell.setAttribute("aria-pressed", String(isOn()));
}

if (bell && canTell) {
  showBell();
  bell.addEventListener("click", async () => {
    if (isOn()) {
      localStorage.removeItem("notifications");
    } else if ((await Notification.requestPermission()) === "granted") {
      await takeFresh();
      localStorage.setItem("notifications", "on");
    } else {
      const toast = document.getElementById("toast-error").content.firstElementChild.cloneNode(true);
      toast.querySelector(".toast__text").textContent = bell.dataset.blocked;
      document.getElementById("toasts").append(toast);
    }
    showBell();
  });
}

function showSound() {
  sound.hidden = false;
  sound.setAttribute("aria-pressed", String(isLoud()));
}

if (sound && canSound) {
  showSound();
  sound.addEventListener("click", async () => {
    if (isLoud()) {
      localStorage.removeItem("sound");
    } else {
      await takeFresh();
      localStorage.setItem("sound", "on");
      chime(); // so that it is known
    }
    showSound();
  });
}
