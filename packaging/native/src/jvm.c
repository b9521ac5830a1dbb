/* Stands in for libjvm, which the JDK's shared libraries call: what an executable uses is here, and
   `setup` adds every other function that they name, as one that says its name and aborts. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <jni.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

void initialize(void) {}

jint JVM_ActiveProcessorCount(void) { return sysconf(_SC_NPROCESSORS_ONLN); }

jlong JVM_CurrentTimeMillis(JNIEnv *env, jclass type) {
  struct timeval now;
  gettimeofday(&now, NULL);
  return (jlong)now.tv_sec * 1000 + now.tv_usec / 1000;
}

jlong JVM_NanoTime(JNIEnv *env, jclass type) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (jlong)now.tv_sec * 1000000000 + now.tv_nsec;
}

jlong JVM_GetNanoTimeAdjustment(JNIEnv *env, jclass type, jlong offset) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  jlong seconds = now.tv_sec - offset;
  if (seconds >= 0x0100000000LL || seconds <= -0x0100000000LL) {
    return -1;
  }
  return seconds * 1000000000 + now.tv_nsec;
}

void JVM_Halt(jint code) { _exit(code); }
void JVM_BeforeHalt(void) {}
jboolean JVM_IsSupportedJNIVersion(jint version) { return JNI_TRUE; }

jlong JVM_MaxMemory(void) { return (jlong)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE); }
jlong JVM_TotalMemory(void) { return JVM_MaxMemory(); }
jlong JVM_FreeMemory(void) { return (jlong)sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE); }
jboolean JVM_IsUseContainerSupport(void) { return JNI_FALSE; }
jboolean JVM_IsContainerized(void) { return JNI_FALSE; }

void *JVM_LoadLibrary(const char *name, jboolean fail) { return dlopen(name, RTLD_LAZY); }
void JVM_UnloadLibrary(void *library) { dlclose(library); }
void *JVM_FindLibraryEntry(void *library, const char *name) { return dlsym(library, name); }
char *JVM_NativePath(char *path) { return path; }

void *JVM_RawMonitorCreate(void) {
  pthread_mutex_t *monitor = malloc(sizeof *monitor);
  pthread_mutex_init(monitor, NULL);
  return monitor;
}
void JVM_RawMonitorDestroy(void *monitor) {
  pthread_mutex_destroy(monitor);
  free(monitor);
}
jint JVM_RawMonitorEnter(void *monitor) { return pthread_mutex_lock(monitor); }
void JVM_RawMonitorExit(void *monitor) { pthread_mutex_unlock(monitor); }

void *JVM_RegisterSignal(jint number, void *handler) {
  return (void *)signal(number, handler == (void *)2 ? SIG_DFL : handler);
}
jboolean JVM_RaiseSignal(jint number) {
  raise(number);
  return JNI_TRUE;
}

int jio_vsnprintf(char *to, size_t size, const char *format, va_list values) {
  if ((ssize_t)size <= 0) {
    return -1;
  }
  int length = vsnprintf(to, size, format, values);
  if (length >= (ssize_t)size) {
    to[size - 1] = 0;
    return -1;
  }
  return length;
}
int jio_vfprintf(FILE *to, const char *format, va_list values) {
  return vfprintf(to, format, values);
}

static void missing(const char *name) {
  fprintf(stderr, "not in the stand-in for libjvm: %s\n", name);
  abort();
}
#include "missing.h"
