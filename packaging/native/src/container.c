/* Stands in for libsvm_container: the executable is never in a container. */
#include <stdint.h>
#include <unistd.h>

int svm_container_initialize(int version) { return 0; }

uint64_t svm_container_physical_memory(void) {
  return (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

int64_t svm_container_memory_limit_in_bytes(void) { return -1; }
int64_t svm_container_memory_and_swap_limit_in_bytes(void) { return -1; }
int64_t svm_container_memory_soft_limit_in_bytes(void) { return -1; }
int64_t svm_container_memory_usage_in_bytes(void) { return -1; }
int64_t svm_container_memory_max_usage_in_bytes(void) { return -1; }
int64_t svm_container_rss_usage_in_bytes(void) { return -1; }
int64_t svm_container_cache_usage_in_bytes(void) { return -1; }
int svm_container_active_processor_count(void) { return sysconf(_SC_NPROCESSORS_ONLN); }
