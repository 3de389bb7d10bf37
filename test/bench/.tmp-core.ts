import { benchAssess } from './assess.js';
console.log(JSON.stringify(benchAssess().slice(0, 1)));
