/// The HTTP interface: a resource class for each noun, authentication, headers, problems and the
/// shapes of JSON. The rules about money are elsewhere.
@NullMarked
package io.budgetauthority.api;

import org.jspecify.annotations.NullMarked;
