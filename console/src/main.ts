import '@fontsource/ibm-plex-sans/400.css';
import '@fontsource/ibm-plex-sans/600.css';
import '@fontsource/ibm-plex-mono/400.css';
import './style.css';
import { mount } from 'svelte';
import { probe } from './console';
import { watchFrames } from './frames';
import App from './panels/App.svelte';

declare global {
  interface Window {
    /** What browser tests read. */
    __jointsky: typeof probe;
  }
}

watchFrames();
window.__jointsky = probe;
mount(App, { target: document.getElementById('app')! });
