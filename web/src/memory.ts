// GraphiQL keeps tabs and the history of queries in local storage by default. Variables hold ids of patients, and a
// clinic's computers are shared, so here they last as long as the page. Only the colours that a person chose are kept.

const KEPT = "graphiql:theme";
const memory = new Map<string, string>();

export const pageMemory = {
  getItem: (key: string) => (key === KEPT ? localStorage.getItem(key) : (memory.get(key) ?? null)),
  setItem(key: string, value: string) {
    if (key === KEPT) localStorage.setItem(key, value);
    else memory.set(key, value);
  },
  removeItem(key: string) {
    if (key === KEPT) localStorage.removeItem(key);
    else memory.delete(key);
  },
  clear: () => memory.clear(),
  get length() {
    return memory.size;
  },
};
