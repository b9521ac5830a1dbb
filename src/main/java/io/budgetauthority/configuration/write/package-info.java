/// The transaction that every change of configuration is written in, with its audit entry, and the
/// snapshots that are published after it.
@NullMarked
package io.budgetauthority.configuration.write;

import org.jspecify.annotations.NullMarked;
