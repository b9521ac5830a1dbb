/// The commands that change a tenant's configuration. Each checks what it changes, writes it with
/// its audit entry in one transaction, and publishes the snapshots that change with it.
@NullMarked
package io.budgetauthority.configuration;

import org.jspecify.annotations.NullMarked;
