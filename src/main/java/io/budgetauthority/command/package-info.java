/// The operator's commands, each a subcommand of `bin/budget`.
@NullMarked
package io.budgetauthority.command;

import org.jspecify.annotations.NullMarked;
