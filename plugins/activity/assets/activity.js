// The activity page: shows what happens as it happens. The browser comes back by itself, and says what it has seen.
const feed = document.querySelector('#feed');
const state = document.querySelector('#state');
const empty = document.querySelector('#empty');
const most = 100;

function item(entry) {
  const element = document.createElement('li');
  element.dataset.id = entry.id;
  const change = document.createElement('strong');
  change.textContent = entry.change;
  const title = document.createElement('span');
  title.textContent = entry.title;
  const when = document.createElement('time');
  when.dateTime = entry.at;
  when.textContent = new Date(entry.at).toLocaleTimeString();
  element.append(change, title, when);
  return element;
}

let last = 0;

// A browser comes back by itself where a connection breaks, but not after an answer that is no stream.
function follow() {
  const live = new EventSource(`/activity/live?after=${last}`);
  live.addEventListener('open', () => {
    state.textContent = 'Live.';
    empty.hidden = feed.children.length > 0;
  });
  live.addEventListener('error', () => {
    state.textContent = 'Connection lost; trying again …';
    if (live.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
  live.addEventListener('activity', (event) => {
    const entry = JSON.parse(event.data);
    last = entry.id;
    empty.hidden = true;
    feed.prepend(item(entry));
    while (feed.children.length > most) feed.lastElementChild.remove();
  });
}
follow();
