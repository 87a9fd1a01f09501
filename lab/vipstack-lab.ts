#!/usr/bin/env node
// An old Node can't read the syntax of the other files: nothing but this import comes before them.
import "./node-version";
import "./main";
